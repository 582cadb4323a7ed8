/** What this folder uses of a package that brings no types. */
declare module "fs-native-extensions" {
  /** Takes the lock of an open file for its descriptor; false when another descriptor holds it. */
  export function tryLock(fd: number): boolean;
}
