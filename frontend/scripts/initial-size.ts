import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Fails the build if the JavaScript that the first page waits for is larger than this, compressed. */
export function initialSizeLimit({ kilobytes }: { kilobytes: number }): Plugin {
  return {
    name: 'initial-size-limit',
    apply: 'build',
    generateBundle(_, bundle) {
      const seen = new Set<string>();
      const visit = (name: string): number => {
        const part = bundle[name];
        if (seen.has(name) || part?.type !== 'chunk') return 0;
        seen.add(name);
        return part.imports.reduce((sum, next) => sum + visit(next), gzipSync(part.code).length);
      };
      const entries = Object.values(bundle).filter((part) => part.type === 'chunk' && part.isEntry);
      const size = entries.reduce((sum, entry) => sum + visit(entry.fileName), 0) / 1000;
      const message = `initial JavaScript: ${size.toFixed(1)} kB gzipped, of ${kilobytes} kB allowed`;
      if (size > kilobytes) this.error(message);
      this.info(message);
    },
  };
}
