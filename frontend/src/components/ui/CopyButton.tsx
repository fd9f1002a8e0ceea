import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './Button';
import { useToast } from './Toast';

/** Copies a text, and says for a moment that it has. */
export function CopyButton({ text, children = 'Copy' }: { text: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  const toast = useToast();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      (error: unknown) => toast.failure('The browser does not let us copy', error),
    );
  return (
    <Button size="small" icon={copied ? Check : Copy} onClick={() => void copy()}>
      <span aria-live="polite">{copied ? 'Copied' : children}</span>
    </Button>
  );
}
