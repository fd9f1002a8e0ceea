import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { query } from '../../deploy/dev/postgres.mjs';
import type { Job } from '../src/api/types';
import { Rest } from './rest';
import type { Address } from './stack';

/** A shop's database and a warehouse for it, under a name that no other test has. */
export class Shop {
  readonly name: string;
  readonly rest: Rest;
  /** Parts of the database's address, as people type them into a form. */
  readonly server: { host: string; port: number; username: string; password: string; database: string };
  readonly #address: Address;
  readonly #url: string;

  private constructor(address: Address, name: string) {
    this.#address = address;
    this.name = name;
    this.rest = new Rest(address.url);
    this.#url = new URL('postgres', address.server).href;
    const { hostname, port, username, password } = new URL(this.#url);
    this.server = { host: hostname, port: Number(port), username, password, database: 'postgres' };
  }

  /** `orders` has that many rows. */
  static async open(address: Address, rows = 20_000): Promise<Shop> {
    const shop = new Shop(address, `shop_${randomBytes(4).toString('hex')}`);
    await shop.query(`CREATE SCHEMA ${shop.name}`);
    await shop.query(`CREATE SCHEMA ${shop.name}_copy`);
    await shop.query(
      `CREATE TABLE ${shop.table} (id bigint PRIMARY KEY, total numeric(10,2), created_at date)`,
    );
    await shop.query(
      `INSERT INTO ${shop.table} SELECT g, g % 100, date '2024-01-01' + g % 365 FROM generate_series(1, ${rows}) g`,
    );
    await shop.query(`ANALYZE ${shop.table}`);
    return shop;
  }

  get table() {
    return `${this.name}.orders`;
  }

  query(sql: string): Promise<Record<string, unknown>[]> {
    return query(this.#url, sql) as Promise<Record<string, unknown>[]>;
  }

  /** A pipeline from the shop to a PostgreSQL and a folder of Parquet files. */
  async pipeline() {
    const { server, name } = this;
    const source = await this.rest.send('POST', '/sources', { name, ...server, sslmode: 'disable' });
    const warehouse = await this.rest.send('POST', '/destinations', {
      name: `${name} warehouse`,
      type: 'postgres',
      config: { ...server, schema: `${name}_copy`, sslmode: 'disable' },
    });
    const lake = await this.rest.send('POST', '/destinations', {
      name: `${name} lake`,
      type: 'parquet',
      config: { path: join(this.#address.folder, name) },
    });
    return this.rest.send('POST', '/pipelines', {
      name,
      source_id: source.id,
      destination_ids: [warehouse.id, lake.id],
    });
  }

  /** A job that copies `orders`. */
  async job(options: Record<string, unknown> = {}): Promise<Job> {
    const { id } = await this.pipeline();
    return this.rest.send<Job>('POST', `/pipelines/${id}/backfill`, { table_name: this.table, ...options });
  }

  async close() {
    await this.query(`DROP SCHEMA IF EXISTS ${this.name}, ${this.name}_copy CASCADE`);
  }
}
