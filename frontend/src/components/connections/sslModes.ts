import type { SslMode } from '@/api/types';

/** What each mode means. */
export const SSL_MODES: Record<SslMode, string> = {
  prefer: 'Encrypted where the server offers it.',
  require: 'Encrypted, or no connection. The certificate is not checked.',
  disable: 'Never encrypted.',
};
