// Fails if src/api/schema.d.ts is not what `npm run generate` makes of openapi.json.

import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const types = new URL('../src/api/schema.d.ts', import.meta.url);
const ast = await openapi(new URL('../openapi.json', import.meta.url), { silent: true });
const options = await resolveConfig(types);
const tidy = (text) => format(text, { ...options, parser: 'typescript' });
const banner = /^\/\*\*\n \* This file was auto-generated[^]*?\*\/\n\n/;
if ((await tidy(astToString(ast))) !== (await tidy(readFileSync(types, 'utf8').replace(banner, '')))) {
  console.error('src/api/schema.d.ts is not what openapi.json says: run `npm run generate`.');
  process.exit(1);
}
