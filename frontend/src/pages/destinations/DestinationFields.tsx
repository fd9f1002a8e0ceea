import type { SslMode } from '@/api/types';
import { SSL_MODES } from '@/components/connections/sslModes';
import { Field, Input, Select } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import { NumberField } from '@/forms/NumberField';
import { DEFAULT_SCHEMA, type DestinationDraft } from './destinationForm';

interface FieldsProps {
  draft: DestinationDraft;
  set: (change: Partial<DestinationDraft>) => void;
  complaints: Complaints;
  /** Whether a password is stored already. */
  isStored: boolean;
}

/** What a destination of the draft's type has to be told. */
export function DestinationFields(props: FieldsProps) {
  switch (props.draft.type) {
    case 'postgres':
      return <PostgresFields {...props} />;
    case 'duckdb':
      return (
        <div className="grid gap-4 sm:grid-cols-3">
          <PathField {...props} label="File" placeholder="/data/dwh.duckdb" />
          <SchemaField {...props} />
        </div>
      );
    case 'parquet':
      return <PathField {...props} label="Folder" placeholder="/data/lake" />;
  }
}

function PostgresFields({ draft, set, complaints, isStored }: FieldsProps) {
  const at = (name: string) => complaints.at(`config.${name}`);
  return (
    <div className="grid gap-4 sm:grid-cols-6">
      <Field label="Host" error={at('host')} className="sm:col-span-4">
        <Input
          value={draft.host}
          placeholder="dwh.example.com"
          onChange={(event) => set({ host: event.target.value })}
        />
      </Field>
      <Field label="Port" error={at('port')} className="sm:col-span-2">
        <Input
          type="number"
          inputMode="numeric"
          value={draft.port}
          onChange={(event) => set({ port: event.target.value })}
        />
      </Field>
      <Field label="Database" error={at('database')} className="sm:col-span-3">
        <Input value={draft.database} onChange={(event) => set({ database: event.target.value })} />
      </Field>
      <SchemaField draft={draft} set={set} complaints={complaints} className="sm:col-span-3" />
      <Field label="User" error={at('username')} className="sm:col-span-3">
        <Input
          value={draft.username}
          autoComplete="off"
          onChange={(event) => set({ username: event.target.value })}
        />
      </Field>
      <Field
        label="Password"
        description={isStored ? 'Left empty, it stays as it is.' : undefined}
        error={at('password')}
        className="sm:col-span-3"
      >
        <Input
          type="password"
          value={draft.password}
          autoComplete="new-password"
          placeholder={isStored ? 'Unchanged' : undefined}
          onChange={(event) => set({ password: event.target.value })}
        />
      </Field>
      <Field
        label="Encryption"
        description={SSL_MODES[draft.sslmode]}
        error={at('sslmode')}
        className="sm:col-span-6"
      >
        <Select
          value={draft.sslmode}
          onChange={(event) => set({ sslmode: event.target.value as SslMode })}
          className="sm:w-1/2"
        >
          {Object.keys(SSL_MODES).map((mode) => (
            <option key={mode}>{mode}</option>
          ))}
        </Select>
      </Field>
    </div>
  );
}

type PathFieldProps = Omit<FieldsProps, 'isStored'> & { label: string; placeholder: string };

function PathField({ draft, set, complaints, label, placeholder }: PathFieldProps) {
  return (
    <Field
      label={label}
      description="An absolute path on the machine where the daemon runs; made when absent."
      error={complaints.at('config.path')}
      className="sm:col-span-2"
    >
      <Input
        value={draft.path}
        placeholder={placeholder}
        spellCheck={false}
        className="font-mono text-xs"
        onChange={(event) => set({ path: event.target.value })}
      />
    </Field>
  );
}

type SchemaFieldProps = Omit<FieldsProps, 'isStored'> & { className?: string };

function SchemaField({ draft, set, complaints, className }: SchemaFieldProps) {
  return (
    <Field label="Schema" error={complaints.at('config.schema')} className={className}>
      <Input
        value={draft.schema}
        placeholder={DEFAULT_SCHEMA[draft.type]}
        onChange={(event) => set({ schema: event.target.value })}
      />
    </Field>
  );
}

/** How large a destination wants the chunks that it is given. */
export function BatchFields({ draft, set, complaints }: Omit<FieldsProps, 'isStored'>) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <NumberField
        label="Rows in a chunk, at most"
        placeholder="As the daemon sees fit"
        min={1}
        value={draft.batch_rows}
        onChange={(batch_rows) => set({ batch_rows })}
        error={complaints.at('config.batch_rows')}
      />
      <NumberField
        label="MiB after which a chunk ends"
        placeholder={draft.type === 'postgres' ? '16' : '28'}
        step="any"
        value={draft.batch_megabytes}
        onChange={(batch_megabytes) => set({ batch_megabytes })}
        error={complaints.at('config.batch_bytes')}
      />
    </div>
  );
}
