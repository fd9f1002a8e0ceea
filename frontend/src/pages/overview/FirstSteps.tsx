import { useQuery } from '@tanstack/react-query';
import { clsx } from 'clsx';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Pipeline } from '@/api/types';
import { destinationsQuery, sourcesQuery } from '@/api/queries';
import { ButtonLink } from '@/components/ui/Button';
import { Card } from '@/components/ui/Card';

/** The way from a new installation to the first copied row. */
export function FirstSteps({ pipelines }: { pipelines: Pipeline[] }) {
  const sources = useQuery(sourcesQuery).data?.total ?? 0;
  const destinations = useQuery(destinationsQuery).data?.total ?? 0;
  const first = pipelines[0];
  const done = [sources > 0, destinations > 0, first !== undefined, false];
  const next = done.indexOf(false);
  const look = (step: number) => ({ variant: step === next ? ('primary' as const) : ('secondary' as const) });
  return (
    <Card title="From a table to its copy" description="Four steps; what you enter can be changed later">
      <ol className="mt-1 grid gap-3 md:grid-cols-2 xl:grid-cols-4">
        <Step number={1} title="Add a source" done={sources > 0}>
          <p>The PostgreSQL to copy from. Backfill only reads there, within limits that you set.</p>
          <ButtonLink to="/sources" {...look(0)}>
            Sources
          </ButtonLink>
        </Step>
        <Step number={2} title="Add a destination" done={destinations > 0}>
          <p>Another PostgreSQL, a DuckDB file, or a folder for Parquet files.</p>
          <ButtonLink to="/destinations" {...look(1)}>
            Destinations
          </ButtonLink>
        </Step>
        <Step number={3} title="Connect them" done={first !== undefined}>
          <p>A pipeline is one source and all the places that its tables go to.</p>
          <ButtonLink to="/pipelines" {...look(2)}>
            Pipelines
          </ButtonLink>
        </Step>
        <Step number={4} title="Start a backfill" done={false}>
          <p>Choose a table, filter it if you like, and look at a preview before anything is written.</p>
          {first ? (
            <ButtonLink to="/pipelines/$id" params={{ id: first.id }} search={{ create: 1 }} {...look(3)}>
              New backfill
            </ButtonLink>
          ) : (
            <span className="text-xs">Once there is a pipeline.</span>
          )}
        </Step>
      </ol>
    </Card>
  );
}

interface StepProps {
  number: number;
  title: string;
  done: boolean;
  children: ReactNode;
}

function Step({ number, title, done, children }: StepProps) {
  return (
    <li className="flex flex-col items-start gap-3 rounded-xl border border-line p-4">
      <p className="flex items-center gap-2.5 font-medium">
        <span
          className={clsx(
            'flex size-6 items-center justify-center rounded-full text-xs font-semibold',
            done ? 'bg-green-soft text-green' : 'bg-sunken text-muted',
          )}
        >
          {done ? <Check role="img" aria-label="Done:" className="size-3.5" strokeWidth={3} /> : number}
        </span>
        {title}
      </p>
      <div className="flex flex-1 flex-col items-start justify-between gap-4 text-sm text-muted">
        {children}
      </div>
    </li>
  );
}
