/**
 * Registers, as pieces of commits: the acceptor of single-decree Paxos (Lamport, 2001), one per key.
 * A majority of the shard's replicas agrees on the value of each.
 */
import { invalid } from "../../base/index.js";
import { isVersion } from "../../consistency/index.js";
import type { Done, GroupPlan } from "./group-plan.js";
import { staleMap } from "./judge.js";
import { registerName } from "./register-record.js";
import type {
  Refusal,
  RegisterReply,
  RegisterState,
  ReplicationMessage,
} from "./replication-messages.js";
import type { Work } from "./write-queue.js";

/** How long a register lasts that was only prepared. */
const registerMs = 24 * 3_600_000;

type PrepareMessage = Extract<ReplicationMessage, { type: "register_prepare" }>;
type AcceptMessage = Extract<ReplicationMessage, { type: "register_accept" }>;

export function registerPrepareWork(message: PrepareMessage): Work<RegisterReply | Refusal> {
  const { key, ballot } = message;
  return {
    bytes: 0,
    plan: (group) =>
      judged(group, message, (known) => {
        const { accepted, expires_ms = group.nowMs + registerMs } = known ?? {};
        const kept = accepted === undefined ? {} : { accepted };
        group.replication.putRegister({ key, promised: ballot, ...kept, expires_ms });
        return () => ({ promised: true, ...kept });
      }),
  };
}

export function registerAcceptWork(message: AcceptMessage): Work<RegisterReply | Refusal> {
  const { key, ballot, value, expires_ms } = message;
  return {
    bytes: value.byteLength,
    plan: (group) =>
      judged(group, message, () => {
        const accepted = { ballot, value };
        group.replication.putRegister({ key, promised: ballot, accepted, expires_ms });
        return () => ({ promised: true, accepted });
      }),
  };
}

function judged(
  group: GroupPlan,
  { epoch, key, ballot }: PrepareMessage | AcceptMessage,
  take: (known: RegisterState | undefined) => Done<RegisterReply>,
): Done<RegisterReply | Refusal> {
  registerName(key);
  if (!isVersion(ballot)) throw invalid("a ballot is a version", "ballot");
  const refusal = staleMap(group, epoch);
  if (refusal) return () => refusal;
  const known = group.replication.register(key);
  const { floor } = group.replication.standing;
  const promised = known && known.promised > floor ? known.promised : floor;
  if (ballot < promised) return () => ({ promised: false, ballot: promised });
  group.replication.raise({ ballots: ballot });
  return take(known);
}

/** Takes over registers of another replica; how many. */
export function learnRegistersWork(
  registers: readonly RegisterState[],
): Work<{ readonly learned: number }> {
  const bytes = registers.reduce((sum, { accepted }) => sum + (accepted?.value.byteLength ?? 0), 0);
  return {
    bytes,
    plan: (group) => {
      for (const { key } of registers) registerName(key);
      for (const register of registers) learn(group, register);
      return () => ({ learned: registers.length });
    },
  };
}

function learn({ replication }: GroupPlan, given: RegisterState): void {
  const known = replication.register(given.key);
  const promised = known && known.promised > given.promised ? known.promised : given.promised;
  const isOlder = (given.accepted?.ballot ?? "") <= (known?.accepted?.ballot ?? "");
  const accepted = isOlder ? known?.accepted : given.accepted;
  const expires_ms = Math.max(known?.expires_ms ?? 0, given.expires_ms);
  const key = given.key;
  replication.putRegister({ key, promised, ...(accepted && { accepted }), expires_ms });
  replication.raise({ ballots: promised });
}
