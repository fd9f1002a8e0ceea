import type { components, operations } from './schema';

type Schemas = components['schemas'];
type Query<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>;

export type Problem = Schemas['Problem'];
export type FieldError = Schemas['FieldError'];

export type Job = Schemas['JobResponse'];
export type JobStatus = Schemas['JobStatus'];
export type JobDestination = Schemas['JobDestinationResponse'];
export type JobList = Schemas['Listing_JobResponse'];
export type JobQuery = Query<'list_backfills'>;
export type BackfillRequest = Schemas['BackfillRequest'];
export type Chunk = Schemas['Chunk'];
export type Filter = Schemas['Filter'];
export type Plan = Schemas['Plan'];
export type Preview = Schemas['Preview'];
export type Throughput = Schemas['Throughput'];
export type Task = Schemas['Task'];
export type WaitReason = Schemas['WaitReason'];

export type SourceRequest = Schemas['SourceRequest'];
export type SourceLimits = Schemas['SourceLimits'];
export type SourceTest = Schemas['SourceTest'];
export type SslMode = Schemas['SslMode'];
export type Weekday = Schemas['Weekday'];
export type DestinationRequest = Schemas['DestinationRequest'];
export type DestinationTest = Schemas['DestinationTest'];
export type WriteMode = Schemas['WriteMode'];
export type TargetPreview = Schemas['TargetPreview'];
export type TableKind = Schemas['TableKind'];
export type Source = Schemas['SourceResponse'];
export type Destination = Schemas['DestinationResponse'];
export type PipelineRequest = Schemas['PipelineRequest'];
export type Pipeline = Schemas['PipelineResponse'];
export type Table = Schemas['Table'];
export type Column = Schemas['Column'];

export type Worker = Schemas['WorkerResponse'];
export type Stats = Schemas['Stats'];
export type CampaignRequest = Schemas['CampaignRequest'];
export type Campaign = Schemas['CampaignResponse'];
export type Coverage = Schemas['Coverage'];
export type CoveredWindow = Schemas['CoveredWindow'];
