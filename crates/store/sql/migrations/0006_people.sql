-- Accounts, invitations, the audit log, requests of people about their data.

-- Who works in which workspace, and as what.
CREATE TABLE account_workspace (
  account_id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL,
  -- owner, admin, marketer, analyst, support
  role TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, workspace_id)
);
CREATE INDEX account_workspace_by_workspace ON account_workspace (workspace_id, added_at, account_id);
INSERT INTO account_workspace (account_id, workspace_id, role, added_at)
SELECT account_id, workspace_id, role, created_at FROM account;
ALTER TABLE account DROP COLUMN workspace_id;
ALTER TABLE account DROP COLUMN role;

-- Whoever was signed in signs in once more.
DROP TABLE login;
CREATE TABLE login (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  -- Stays the same when the token is changed.
  login_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  -- When this token was given out.
  token_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- The token was changed; this one works on for a moment, for requests under way.
  replaced BOOLEAN NOT NULL,
  -- Truncated: /24 or /48.
  ip TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX login_by_age ON login (expires_at);
CREATE INDEX login_by_account ON login (account_id, created_at, login_id);

CREATE TABLE invitation (
  workspace_id BIGINT NOT NULL,
  invitation_id TEXT NOT NULL,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  token_hash BYTEA NOT NULL UNIQUE,
  invited_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (workspace_id, invitation_id)
);

-- Single-use ways to a new password.
CREATE TABLE password_reset (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX password_reset_by_account ON password_reset (account_id);
CREATE INDEX password_reset_by_age ON password_reset (expires_at);

-- What staff, keys and the command line did. Only ever added to; old rows go when the shop's retention says so.
CREATE TABLE audit (
-- @sqlite   audit_no INTEGER PRIMARY KEY AUTOINCREMENT,
-- @postgres audit_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  -- account:<id>, key:<id>, command_line, system, nobody
  actor TEXT NOT NULL,
  -- The role or the scopes under which it was done.
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  -- JSON: before and after in brief.
  detail TEXT NOT NULL,
  ip TEXT NOT NULL
);
CREATE INDEX audit_by_workspace ON audit (workspace_id, audit_no);
CREATE INDEX audit_by_actor ON audit (workspace_id, actor, audit_no);
CREATE INDEX audit_by_object ON audit (workspace_id, object, audit_no);
CREATE INDEX audit_by_age ON audit (workspace_id, at);

-- What people asked about their own data.
CREATE TABLE person_request (
  workspace_id BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- received, acknowledged, completed, refused
  state TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  profile_id TEXT,
  revision BIGINT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, request_id)
);
CREATE INDEX person_request_open ON person_request (workspace_id, due_at, request_id)
WHERE state IN ('received', 'acknowledged');
CREATE INDEX person_request_by_profile ON person_request (workspace_id, profile_id, request_id)
WHERE profile_id IS NOT NULL;

-- Who was erased. Holds no personal data: a number, an id, and keyed hashes.
CREATE TABLE erasure (
  workspace_id BIGINT NOT NULL,
  profile_no BIGINT NOT NULL,
  profile_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  finished_at BIGINT,
  -- The highest number of this profile and those it absorbed: none of them is given out again.
  number_last BIGINT NOT NULL,
  -- JSON: what became of orders, keyed hashes of identifiers, the proof of consent without the person.
  doc TEXT NOT NULL,
  PRIMARY KEY (workspace_id, profile_no)
);
CREATE UNIQUE INDEX erasure_by_id ON erasure (workspace_id, profile_id);
CREATE INDEX erasure_by_number ON erasure (workspace_id, number_last);

-- A refusal to join stands with one profile and names the other.
CREATE INDEX merge_log_other ON merge_log (workspace_id, other_no);
CREATE INDEX rejection_by_age ON rejection (workspace_id, at);
CREATE INDEX order_line_by_profile ON order_line (workspace_id, profile_no);
