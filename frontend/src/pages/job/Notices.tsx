import { CircleAlert, Hourglass, ShieldAlert, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Job } from '@/api/types';
import { Time } from '@/components/ui/Time';
import { formatCount } from '@/format/number';
import { differs } from '@/jobs/actions';
import { adviceOn } from './advice';

/** What somebody should know first: why it failed, why it waits, what differs. While it runs, it waits now and then: then
 * its figures say so, where nothing has to move for it. */
export function Notices({ job }: { job: Job }) {
  return (
    <>
      {job.error_message && <ErrorNotice job={job} message={job.error_message} />}
      {job.waiting && job.status !== 'EXECUTING' && (
        <Notice icon={Hourglass} tone="border-line bg-surface" mark="text-muted" title="Waiting">
          <p>
            {sentence(job.waiting.detail)} Since <Time at={job.waiting.since} />.
          </p>
        </Notice>
      )}
    </>
  );
}

function ErrorNotice({ job, message }: { job: Job; message: string }) {
  const advice = adviceOn(message);
  if (job.status === 'COMPLETED' && differs(job)) {
    return (
      <Notice
        icon={ShieldAlert}
        tone="border-red-solid/40 bg-red-soft"
        mark="text-red"
        title="Differs from the source"
      >
        <p>{message}</p>
        <p className="text-muted">
          Repair writes these chunks once more. Leave them where the source has changed on purpose since the
          copy.
        </p>
      </Notice>
    );
  }
  const final = job.status === 'FAILED';
  return (
    <Notice
      icon={final ? CircleAlert : TriangleAlert}
      tone={final ? 'border-red-solid/40 bg-red-soft' : 'border-amber-solid/50 bg-amber-soft'}
      mark={final ? 'text-red' : 'text-amber'}
      title={final ? 'It failed' : 'Its last attempt failed'}
    >
      <p>{message}</p>
      {advice && <p className="font-medium">{advice}</p>}
      {job.failures > 0 && (
        <p className="text-muted">
          {formatCount(job.failures)} of at most {formatCount(job.max_attempts)} failures in a row.
          {!final && job.status === 'PENDING' && (
            <>
              {' '}
              It is tried again <Time at={job.run_after} />.
            </>
          )}
        </p>
      )}
    </Notice>
  );
}

interface NoticeProps {
  icon: LucideIcon;
  tone: string;
  mark: string;
  title: string;
  children: ReactNode;
}

const Notice = ({ icon: Icon, tone, mark, title, children }: NoticeProps) => (
  <section aria-label={title} className={`flex items-start gap-3 rounded-xl border p-4 shadow-card ${tone}`}>
    <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${mark}`} />
    <div className="min-w-0 space-y-1 text-sm wrap-anywhere">
      <p className={`font-medium ${mark}`}>{title}</p>
      {children}
    </div>
  </section>
);

const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
