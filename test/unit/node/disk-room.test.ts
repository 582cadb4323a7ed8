import { expect, it } from "vitest";
import { MemoryDisk, VirtualClock, drainMicrotasks } from "../../../src/base/index.js";
import { rowReserveBytes } from "../../../src/storage/index.js";
import { DiskRoom } from "../../../src/node/disk-room.js";

it("DiskRoom tells of a disk that fills up and of one that has room again, once each", async () => {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  const events: string[] = [];
  const emit = (type: string): void => void events.push(type);
  const room = new DiskRoom({ clock, disk, path: "/data", emit });
  expect(room.description).toBeUndefined();
  disk.medium.limitBytes(rowReserveBytes);
  room.start();
  await drainMicrotasks();
  expect(room.description).toEqual({ free_bytes: rowReserveBytes, full: false });
  disk.medium.limitBytes(rowReserveBytes - 1);
  await clock.advance(3000);
  expect(room.description).toEqual({ free_bytes: rowReserveBytes - 1, full: true });
  expect(events).toEqual(["disk_full"]);
  disk.medium.limitBytes(rowReserveBytes);
  await clock.advance(3000);
  expect(events).toEqual(["disk_full", "disk_has_room"]);
  room.stop();
  disk.medium.limitBytes(0);
  await clock.advance(3000);
  expect(events).toHaveLength(2);
});
