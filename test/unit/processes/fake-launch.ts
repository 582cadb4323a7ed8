/** Processes that a test ends by hand, and their parent on virtual time. */
import { MemoryDisk, MemoryNetwork, VirtualClock, seededRandom } from "../../../src/base/index.js";
import { Parent } from "../../../src/processes/index.js";
import type { Launch, ProcessExit } from "../../../src/processes/index.js";
import type { RuntimeEvent } from "../../../src/runtime/index.js";

export interface FakeProcess {
  readonly node: string;
  readonly args: readonly string[];
  readonly signals: string[];
  /** Does not end on SIGTERM. */
  stubborn: boolean;
  print(line: string): void;
  end(exit: Partial<ProcessExit>): void;
}

export interface ParentWorld {
  readonly clock: VirtualClock;
  readonly disk: MemoryDisk;
  readonly events: RuntimeEvent[];
  readonly processes: FakeProcess[];
  readonly lines: string[];
  /** The last process of a node. */
  process(node: string): FakeProcess;
  start(nodes: number): Promise<Parent>;
}

export function parentWorld(): ParentWorld {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  const network = new MemoryNetwork({ clock });
  const processes: FakeProcess[] = [];
  const events: RuntimeEvent[] = [];
  const lines: string[] = [];
  const launch: Launch = ({ args }, onLine) => {
    let resolve!: (exit: ProcessExit) => void;
    const exited = new Promise<ProcessExit>((done) => (resolve = done));
    const fake: FakeProcess = {
      node: args[0] as string,
      args,
      signals: [],
      stubborn: false,
      print: (line) => onLine("stderr", line),
      end: (exit) => resolve({ code: null, signal: null, ...exit }),
    };
    processes.push(fake);
    return {
      pid: processes.length,
      exited,
      signal: (signal) => {
        fake.signals.push(signal);
        if (signal === "SIGKILL") fake.end({ signal });
        else if (!fake.stubborn) fake.end({ code: 0 });
      },
    };
  };
  const start = async (nodes: number): Promise<Parent> => {
    const starting = Parent.start({
      data: "/data",
      sockets: "/sockets",
      secret: "s",
      nodes,
      host: "127.0.0.1",
      port: 7000,
      command: ({ node, directory, listen, port }, { address }) => ({
        file: "node",
        args: [node, directory, listen, String(port), address],
        env: {},
      }),
      launch,
      disk,
      network: network.at("parent"),
      clock,
      random: seededRandom(1),
      onEvent: (event) => events.push(event),
      onLine: (node, stream, line) => lines.push(`${node} ${stream} ${line}`),
      stopMs: 10_000,
    });
    await clock.advance(100);
    return starting;
  };
  const last = (node: string): FakeProcess => processes.findLast((one) => one.node === node)!;
  return { clock, disk, events, processes, lines, process: last, start };
}
