import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../deploy/dev/ports.mjs';
import { query } from '../../deploy/dev/postgres.mjs';
import { Service } from './process';

const dashboard = fileURLToPath(new URL('../dist', import.meta.url));

/** What a test has to know of a stack, as text that the runner hands to its workers. */
export interface Address {
  url: string;
  /** Where the servers' databases are; a path with the database's name belongs behind it. */
  server: string;
  metadata: string;
  folder: string;
}

/** The real thing: an API that serves the built dashboard, a daemon, and a metadata database of their own. */
export class Stack {
  readonly address: Address;
  readonly #env: Record<string, string>;
  #api: Service | undefined;
  #daemon: Service | undefined;

  private constructor(address: Address, env: Record<string, string>) {
    this.address = address;
    this.#env = env;
  }

  static async start({ basePath = '/' } = {}): Promise<Stack> {
    const server = process.env.BACKFILL_TEST_POSTGRES_URL;
    if (!server) throw new Error('Run this through `npm run e2e`, which brings a PostgreSQL.');
    const database = `dashboard_${randomBytes(6).toString('hex')}`;
    await query(server, `CREATE DATABASE ${database}`);
    const bind = `127.0.0.1:${await freePort()}`;
    const address = {
      url: `http://${bind}`,
      server: new URL('.', server).href,
      metadata: new URL(database, server).href,
      folder: mkdtempSync(join(tmpdir(), 'backfill-dashboard-')),
    };
    const stack = new Stack(address, {
      DATABASE_URL: address.metadata,
      BACKFILL_BIND: bind,
      BACKFILL_SECRET_KEY: randomBytes(32).toString('base64'),
      BACKFILL_FRONTEND_DIR: dashboard,
      BACKFILL_BASE_PATH: basePath,
      BACKFILL_SHUTDOWN_DELAY: '0',
      BACKFILL_RETRY_BASE: '0',
    });
    await stack.startApi();
    stack.startDaemon();
    return stack;
  }

  async startApi() {
    this.#api = new Service('api', this.#env, join(this.address.folder, 'api.log'));
    await this.#api.untilReady(this.address.url);
  }

  startDaemon() {
    this.#daemon = new Service('compute', this.#env, join(this.address.folder, 'compute.log'));
  }

  stopApi = () => this.#api?.stop();
  stopDaemon = () => this.#daemon?.stop();

  /** Ends it and removes all that it has made. */
  async close() {
    await Promise.all([this.stopApi(), this.stopDaemon()]);
    const name = new URL(this.address.metadata).pathname.slice(1);
    await query(process.env.BACKFILL_TEST_POSTGRES_URL, `DROP DATABASE ${name} WITH (FORCE)`);
    rmSync(this.address.folder, { recursive: true, force: true });
  }
}
