import { Database, FileStack, HardDrive, type LucideIcon } from 'lucide-react';
import type { DestinationType } from './destinationForm';

interface TypeLook {
  label: string;
  icon: LucideIcon;
  description: string;
}

export const DESTINATION_TYPES: Record<DestinationType, TypeLook> = {
  postgres: { label: 'PostgreSQL', icon: Database, description: 'Tables in a schema of another PostgreSQL.' },
  duckdb: { label: 'DuckDB', icon: HardDrive, description: 'Tables in a DuckDB file. One job at a time.' },
  parquet: { label: 'Parquet', icon: FileStack, description: 'Compressed files below a folder.' },
};
