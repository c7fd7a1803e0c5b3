// The API's documents as openapi.yaml describes them, as far as the console reads them.
export type State =
  | "requested" | "pull_request_open" | "merged" | "applying" | "done" | "rejected" | "failed" | "cancelled";
export type Kind = "create" | "update" | "extend" | "maintain" | "disarm" | "remove";
export type Step = "pull_request" | "review" | "queue" | "apply" | "users" | "end";
export type User = "application" | "read_only" | "master";

export interface Description {
  environment: string;
  database_name: string;
  database_engine: string;
  engine_version: string;
  size: string | null;
  instance_class: string;
  capacity?: Capacity | null;
  storage_gb: number | null;
  max_storage_gb: number | null;
  high_availability: boolean;
  backup_retention_days: number;
  deletion_protection: boolean;
  final_snapshot: boolean;
  extended_support?: string | null;
  owner: string;
  purpose: string;
  cost_center: string;
  expires_at: string;
  tags: Record<string, string>;
  restore_from: { snapshot?: string | null; database?: string | null; point_in_time?: string | null } | null;
  monthly_cost_usd: number | null;
  prices_as_of: string;
  price: { monthly_usd: number | null; instance_usd: number | null; storage_usd: number | null; range?: CostRange | null };
}

/** A cluster's, in Aurora capacity units; asleep after so many seconds, 0: never. */
export interface Capacity { min_acu: number; max_acu: number; pause_after: number; monitoring: boolean }

export interface CostRange { least_usd: number; usual_usd: number; most_usd: number; sleeps: boolean; assumption: string }

export interface Result {
  endpoint?: string;
  port?: number;
  database_name?: string;
  secret_arn?: string | null;
}

export interface Happened {
  at: string;
  event: string;
  actor: string;
  seconds?: number;
  detail?: Record<string, unknown>;
}

export interface Database extends Description {
  state: "pending" | "available" | "updating" | "removing" | "removed" | "failed";
  team: string;
  created_at: string;
  final_snapshot_id: string | null;
  result: Result | null;
  links: { self: string; created_by: string; active_request: string | null };
  warnings_at: string[];
  last_connection_at: string | null;
  idle_since: string | null;
  drifted: { since: string; link: string } | null;
  active_request: ActiveRequest | null;
  requests?: string[];
  events?: Happened[];
  until_end_usd?: number | null;
  connection?: Connection | null;
  restore_window?: { from: string; until: string } | null;
  snapshots?: Snapshot[];
}

export interface Snapshot {
  name: string;
  environment: string;
  database_engine: string;
  engine_version: string;
  taken_at: string | null;
  kept_until: string | null;
}

export interface Connection {
  host: string;
  reader_host?: string | null;
  port: number | null;
  dbname: string | null;
  users: { name: User; secret_arn: string; password_changed_at: string | null; rotating: boolean }[];
  users_state: "ready" | "pending" | "failed" | "none";
  default_user: User;
  certificates: string;
}

/** The request that a database waits for, as lists have it. */
export interface ActiveRequest {
  id: string;
  kind: Kind;
  state: State;
  step: Step;
  requested_by: string;
  message: string;
  cause: string | null;
  updated_at: string;
}

export interface RequestSummary {
  id: string;
  kind: Kind;
  state: State;
  step: Step;
  environment: string;
  database_name: string;
  database_engine: string;
  team: string;
  requested_by: string;
  reason: string;
  created_at: string;
  updated_at: string;
  links: {
    self: string;
    database: string;
    pull_request: string | null;
    pipeline: string | null;
    next_request: string | null;
  };
}

export interface StepTime {
  step: Step;
  started_at: string;
  seconds: number;
  running?: boolean;
  typical_seconds?: number | null;
  maximum_seconds?: number;
}

export interface Span { likely: number; latest: number }

export interface Estimate {
  ready_at: { likely: string; latest: string } | null;
  seconds: Span | null;
  after_approval_seconds: Span | null;
  steps: { step: Step; seconds: Span | null; basis: string }[];
}

export interface Plan {
  at: string;
  sentence: string | null;
  as_asked: boolean;
  counts: { add: number; change: number; destroy: number; replace: number } | null;
  changed: { resource: string; name: string; before: string; after: string }[];
  pipeline: string | null;
}

export interface Request extends RequestSummary {
  message: string;
  waiting_for: { what: string; sentence: string; since: string; link: string | null; approval_of: string[]; approvers: string[] } | null;
  plan: Plan | null;
  estimate: Estimate | null;
  slower_than_usual: boolean;
  database: Description;
  timeline: Happened[];
  steps: StepTime[];
  error: { step: Step; cause: string; fix: string; retryable: boolean } | null;
  result: Result | null;
}

export interface Environment {
  approval: "auto" | "review";
  sizes: string[];
  default_size: string;
  storage_gb: { minimum: number; maximum: number; default: number };
  lifetime: { default: string; maximum: string; never: boolean };
  high_availability: "never" | "optional" | "always";
  backup_retention_days: number;
  deletion_protection: boolean;
  final_snapshot: boolean;
  extended_support?: boolean;
  keep_final_snapshot_days?: number | null;
  idle_after_days?: number | null;
}

export interface Size {
  instance_class: string | null;
  engines?: string[];
  min_acu?: number;
  max_acu?: number;
  pause_after?: string | null;
  assumption?: string;
  monthly_usd?: number | null;
  vcpus: number | null;
  memory_gib: number | null;
  prices: Record<string, Record<string, number | null>>;
}

export interface Catalog {
  prices_as_of: string;
  engines: Record<string, { versions: string[]; default_version: string; becomes: string | null }>;
  sizes: Record<string, Size>;
  environments: Record<string, Environment>;
}

export interface Held { used: number; limit: number }

export interface Quota {
  team: string;
  environments: Record<string, { databases: Held; storage_gb: Held; monthly_usd: Held }>;
}

export interface Preview {
  dry_run: true;
  kind: Kind;
  terraform: string;
  policy: { passed: boolean; results: { rule: string; passed: boolean; detail: string }[] };
  fits_quota: boolean;
  effects: { effect: string; sentence: string }[];
  approval: "auto" | "review";
  database: Description;
  cost: { before: number | null; after: number | null; difference: number | null; until_end: number | null };
  quota: { databases: { after: number; limit: number }; monthly_usd: { after: number; limit: number } };
}

export interface Move {
  dry_run: true;
  pull_request: string | null;
  state: State;
  next_state: State;
  message: string;
}

export interface Whoami { team: string; person: string | null; scopes: string[] }

export interface AdminRequest extends Omit<RequestSummary, "database_engine" | "message"> {
  since: string;
}

export interface Percentiles {
  step?: string;
  environment?: string;
  approval?: string;
  count: number;
  half: number | null;
  nine_of_ten: number | null;
  most: number | null;
}

export interface Spend {
  region: string;
  environments: string[];
  databases: number;
  monthly_usd: number;
  usual_usd?: number;
  teams: {
    team: string;
    databases: number;
    monthly_usd: number;
    environments: Record<string, { databases: number; monthly_usd: number; limit_usd: number | null }>;
  }[];
}

export interface Board {
  as_of: string;
  states: Record<string, number>;
  queue: { environment: string; applying: AdminRequest[]; waiting: AdminRequest[]; oldest_since: string | null }[];
  approvals: (AdminRequest & { approval_of: string[]; approvers: string[]; monthly_usd_difference: number | null; pull_request: string | null })[];
  failed: (AdminRequest & { cause: string; fix: string; retryable: boolean })[];
  expiring: {
    environment: string;
    database_name: string;
    team: string;
    state: string;
    owner: string;
    created_at: string;
    expires_at: string;
    warnings_at: string[];
    last_connection_at: string | null;
    idle_since: string | null;
    monthly_usd: number | null;
    usual_usd?: number | null;
  }[];
  spend: Spend;
  drift: { environment: string; database_name: string; team: string; since: string; link: string }[];
  times: { since: string; creations: number; steps: Percentiles[]; environments: Percentiles[] };
  /** Left out by an API of before. */
  channels?: { channel: string; team: string; since: string; last_at: string; cause: string; fix: string }[];
  dead_letters: { queue: string; count: number; can_send_back: boolean; messages: { since: string; about: Record<string, string> }[] }[];
}

/** What a page gets from the frame around it. */
export interface App {
  draw(): void;
  team(): string;
  /** Whether the key is an operator's, who sees all teams. */
  ofAll(): boolean;
  catalog(): Catalog | null;
  toast(text: string): void;
  go(hash: string): void;
  query(): URLSearchParams;
  /** Change the address's filters without a step in the browser's history. */
  filter(changes: Record<string, string>): void;
  mark(what: "" | "ready" | "failed"): void;
}

export interface Page {
  title(): string;
  view(): unknown;
  close(): void;
  /** Whether time that runs is on the page, so that it is drawn again each second. */
  ticks?(): boolean;
  /** The key was asked for again: go on. */
  again?(): void;
  /** The address's filters changed. */
  filtered?(): void;
}
