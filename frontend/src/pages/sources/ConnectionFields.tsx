import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import type { SslMode } from '@/api/types';
import { SSL_MODES } from '@/components/connections/sslModes';
import { Field, Input, Select } from '@/components/ui/Field';
import type { Complaints } from '@/forms/complaints';
import type { SourceDraft } from './sourceForm';

interface ConnectionFieldsProps {
  draft: SourceDraft;
  onChange: (draft: SourceDraft) => void;
  complaints: Complaints;
  /** Whether a password is stored already. */
  isStored: boolean;
}

/** How to reach a source: by one URL, or by its parts. */
export function ConnectionFields({ draft, onChange, complaints, isStored }: ConnectionFieldsProps) {
  const set = (change: Partial<SourceDraft>) => onChange({ ...draft, ...change });
  return (
    <div className="space-y-4">
      <RadioGroup
        aria-label="How the connection is given"
        value={draft.by}
        onValueChange={(by) => set({ by: by })}
        className="inline-flex gap-1 rounded-lg bg-sunken p-1 text-sm"
      >
        <Way value="url">As a URL</Way>
        <Way value="parts">In parts</Way>
      </RadioGroup>
      {draft.by === 'url' ? (
        <Field
          label="Connection URL"
          description="The password is never shown again. sslmode is disable, prefer or require."
          error={complaints.at('url')}
        >
          <Input
            value={draft.url}
            onChange={(event) => set({ url: event.target.value })}
            placeholder="postgres://user:password@host:5432/database?sslmode=require"
            spellCheck={false}
            autoComplete="off"
            className="font-mono text-xs"
          />
        </Field>
      ) : (
        <Parts draft={draft} set={set} complaints={complaints} isStored={isStored} />
      )}
    </div>
  );
}

function Way({ value, children }: { value: SourceDraft['by']; children: string }) {
  return (
    <Radio.Root
      value={value}
      className="flex h-7 cursor-pointer items-center rounded-md px-3 font-medium text-muted data-checked:bg-surface data-checked:text-text data-checked:shadow-card"
    >
      {children}
    </Radio.Root>
  );
}

interface PartsProps extends Omit<ConnectionFieldsProps, 'onChange'> {
  set: (change: Partial<SourceDraft>) => void;
}

function Parts({ draft, set, complaints, isStored }: PartsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-6">
      <Field label="Host" error={complaints.at('host')} className="sm:col-span-4">
        <Input
          value={draft.host}
          placeholder="db.example.com"
          onChange={(event) => set({ host: event.target.value })}
        />
      </Field>
      <Field label="Port" error={complaints.at('port')} className="sm:col-span-2">
        <Input
          type="number"
          inputMode="numeric"
          value={draft.port}
          onChange={(event) => set({ port: event.target.value })}
        />
      </Field>
      <Field label="Database" error={complaints.at('database')} className="sm:col-span-3">
        <Input value={draft.database} onChange={(event) => set({ database: event.target.value })} />
      </Field>
      <Field
        label="Encryption"
        description={SSL_MODES[draft.sslmode]}
        error={complaints.at('sslmode')}
        className="sm:col-span-3"
      >
        <Select value={draft.sslmode} onChange={(event) => set({ sslmode: event.target.value as SslMode })}>
          {Object.keys(SSL_MODES).map((mode) => (
            <option key={mode}>{mode}</option>
          ))}
        </Select>
      </Field>
      <Field label="User" error={complaints.at('username')} className="sm:col-span-3">
        <Input
          value={draft.username}
          autoComplete="off"
          onChange={(event) => set({ username: event.target.value })}
        />
      </Field>
      <Field
        label="Password"
        description={isStored ? 'Left empty, it stays as it is.' : undefined}
        error={complaints.at('password')}
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
    </div>
  );
}
