import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { binaries } from '../../deploy/dev/layout.mjs';

/** One of Backfill's services, as long as a test needs it. */
export class Service {
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(name: 'api' | 'compute', env: Record<string, string>, log: string) {
    const program = join(binaries, `backfill-${name}`);
    if (!existsSync(program)) throw new Error(`${program} is missing: cargo build --workspace --bins`);
    const output = openSync(log, 'a');
    this.#log = log;
    this.#child = spawn(program, [], { env: { ...process.env, ...env }, stdio: ['ignore', output, output] });
    closeSync(output);
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL') {
    if (this.hasEnded) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  async untilReady(url: string) {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
      await pause(50);
      const response = await fetch(`${url}/health/ready`).catch(() => null);
      await response?.body?.cancel();
      if (response?.ok) return;
      if (this.hasEnded) break;
    }
    throw new Error(`the API is not ready:\n${readFileSync(this.#log, 'utf8').slice(-2000)}`);
  }
}
