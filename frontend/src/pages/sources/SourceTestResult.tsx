import type { SourceTest } from '@/api/types';
import { TestResult } from '@/components/connections/TestResult';
import { formatCount } from '@/format/number';

export function SourceTestResult({ test }: { test: SourceTest }) {
  return (
    <TestResult reachable={test.reachable} missing={test.missing}>
      {test.reachable && factsOf(test).join(' · ')}
    </TestResult>
  );
}

function factsOf({ version, is_replica, encrypted, tables, readable_tables }: SourceTest): string[] {
  const facts: string[] = [];
  if (version) facts.push(`PostgreSQL ${version}`);
  if (is_replica != null) facts.push(is_replica ? 'read-only replica' : 'primary');
  if (encrypted != null) facts.push(encrypted ? 'encrypted' : 'not encrypted');
  if (tables != null) {
    facts.push(`may read ${formatCount(readable_tables ?? 0)} of ${formatCount(tables)} tables and views`);
  }
  return facts;
}
