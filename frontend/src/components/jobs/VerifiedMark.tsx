import { ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import type { JobDestination } from '@/api/types';
import { Badge } from '@/components/ui/Badge';

/** Whether what a destination holds was compared with what was read. */
export function VerifiedMark({ part }: { part: JobDestination }) {
  if (part.verified === true) {
    return (
      <Badge tone="green" icon={ShieldCheck}>
        Verified
      </Badge>
    );
  }
  if (part.verified === false) {
    return (
      <Badge tone="red" icon={ShieldAlert}>
        Differs
      </Badge>
    );
  }
  if (part.verified_by === 'count') {
    return <Badge icon={ShieldQuestion}>Counted</Badge>;
  }
  return null;
}
