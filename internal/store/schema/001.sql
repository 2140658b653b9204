-- The first schema. Never edited once released: what follows goes into 002.sql.
--
-- Portable SQL of text, bigint and bytea. {{key}} is the type of a primary key that is also the table's order
-- ("integer primary key" in SQLite, which then needs no second b-tree); {{flat}} keeps a table in its primary
-- key ("without rowid"). Times are milliseconds since 1970, UTC. Large columns stand last.

create table schema_version (version bigint not null);

-- A form's number and tallies. The columns opened, done and spam count submissions in that state, jobs_… rows of the
-- outbox (quiet: those that wait and that no operator waits for): they stand here, as every arrival writes this row
-- anyhow. The row 0, without a name, is for what belongs to no form.
create table form (
  id           {{key}},
  name         text not null unique,
  seq          bigint not null, -- last number given
  last         bigint not null, -- submission that it was given to; 0: none
  count_new    bigint not null,
  count_opened bigint not null,
  count_done   bigint not null,
  count_spam   bigint not null,
  jobs_waiting bigint not null default 0,
  jobs_sent    bigint not null default 0,
  jobs_dead    bigint not null default 0,
  jobs_aside   bigint not null default 0,
  jobs_quiet   bigint not null default 0
);
insert into form (id, name, seq, last, count_new, count_opened, count_done, count_spam) values (0, '', 0, 0, 0, 0, 0, 0);

-- The questions of each revision that was ever used.
create table revision (
  form      bigint not null,
  hash      bytea not null,
  questions bytea not null,
  primary key (form, hash)
);

create table submission (
  id          {{key}},
  form        bigint not null,
  state       bigint not null,
  seq         bigint not null,
  received    bigint not null,
  reference   text not null,
  files       bigint not null,
  size        bigint not null, -- sealed bytes, files included
  first_job   bigint not null, -- what went out at its arrival has ids of the outbox from this
  last_job    bigint not null, -- to this; both 0: nothing
  revision    bytea not null,
  files_hash  bytea not null, -- of sizes and hashes of the files; empty: none
  token       bytea not null,
  content     bytea not null,
  sealed_hash bytea not null, -- SHA-256 of data
  leaf        bytea not null,
  data        bytea not null  -- the sealed answers without their session keys
);
create unique index submission_reference on submission (reference);
create index submission_received on submission (form, received);

-- What stays of a submission that is not kept here, or no longer: its place, its leaf and its token.
create table tombstone (
  id          {{key}},
  form        bigint not null,
  seq         bigint not null,
  received    bigint not null,
  reference   text not null,
  files       bigint not null,
  erased      bigint not null,
  why         text not null,
  revision    bytea not null,
  files_hash  bytea not null,
  token       bytea not null,
  content     bytea not null,
  sealed_hash bytea not null,
  leaf        bytea not null,
  mac         bytea not null -- over leaf, erased and why
);
create unique index tombstone_reference on tombstone (reference);
create index tombstone_form on tombstone (form);

-- One reader's session key of one sealed message: of a submission's answers (message is its id, positive) or
-- of a file (message is its upload, negative).
create table session_key (
  message bigint not null,
  reader  bytea not null, -- fingerprint
  packet  bytea not null,
  mac     bytea not null, -- over all three
  primary key (message, reader)
) {{flat}};

create table file (
  submission bigint not null,
  n          bigint not null,
  upload     bigint not null,
  chunks     bigint not null,
  size       bigint not null,
  hash       bytea not null, -- SHA-256 of the chunks' data
  primary key (submission, n)
) {{flat}};

-- Uploads whose chunks nothing refers to: on their way in, or to be erased.
create table upload (
  id   {{key}},
  seen bigint not null -- when it last grew; 0: to be erased
);

create table chunk (
  id   {{key}}, -- upload | n
  data bytea not null
);

-- What goes out: one row for each thing to one address. It stays in the table, in its state (0 waiting, 1 sent,
-- 2 given up, 3 put aside), so the index that claiming reads holds waiting rows alone. Each index costs every arrival a page to
-- write: what came with a submission is found by the ids that its row names.
create table outbox (
  id         {{key}},
  channel    text not null,
  state      bigint not null,
  submission bigint not null, -- 0: none
  form       bigint not null, -- 0: none
  reference  text not null,
  seq        bigint not null,
  address    text not null,
  message_id text not null,
  received   bigint not null,
  made       bigint not null, -- when it was enqueued, or revived: five days count from here
  attempts   bigint not null,
  due        bigint not null,
  lease      bigint not null,
  ended      bigint not null, -- when it was sent or given up; 0: not yet
  upload     bigint not null, -- that holds the body; 0: none
  chunks     bigint not null,
  size       bigint not null,
  last_error text not null,
  about      text not null, -- JSON, or empty
  sealed     bytea not null, -- a receipt's address; empty: none, or wiped
  mac        bytea not null -- over what goes to whom, but not sealed, nor how far it has got
);
create index outbox_due on outbox (channel, due, id, made) where state = 0;
create index outbox_later on outbox (channel, made) where state = 0 and due != made; -- none, as it comes
create index outbox_lease on outbox (lease) where state = 0 and lease > 0;
create index outbox_ended on outbox (ended) where state = 1;
create index outbox_form on outbox (form, state, id);
create index outbox_notice on outbox (submission) where channel = 'notice';

-- The log of the outbox: how each attempt ended.
create table attempt (
  job  bigint not null,
  n    bigint not null,
  at   bigint not null,
  code text not null,
  primary key (job, n)
) {{flat}};

-- Up to which number of a form an address was told that something came.
create table told (
  channel text not null,
  form    bigint not null,
  address text not null,
  seq     bigint not null,
  at      bigint not null,
  primary key (channel, form, address)
) {{flat}};

-- When an address last got an alarm about a matter.
create table alarm (
  address text not null,
  about   text not null,
  at      bigint not null,
  primary key (address, about)
) {{flat}};

-- When receipts went out, by the marks that bound them: MACs over an address, its domain, or nothing.
create table receipt (
  mark bytea not null,
  at   bigint not null,
  n    bigint not null,
  primary key (mark, at)
) {{flat}};

-- The largest message that the relay takes; one row, or none.
create table relay (
  id   bigint primary key,
  size bigint not null
);

create table audit (
  n     {{key}},
  at    bigint not null,
  who   text not null,
  peer  text not null,
  act   text not null,
  about text not null, -- JSON
  mac   bytea not null
);

create table account (
  id        {{key}},
  email     text not null unique,
  password  text not null,
  totp      bytea not null,
  totp_step bigint not null,
  disabled  bigint not null,
  failures  bigint not null,
  retry     bigint not null,
  created   bigint not null
);

create table session (
  hash    bytea primary key,
  account bigint not null references account (id),
  stage   bigint not null,
  created bigint not null,
  seen    bigint not null,
  mac     bytea not null -- the viewer's, over all but seen
) {{flat}};
create index session_account on session (account);

create table locked_key (
  fingerprint bytea primary key,
  account     bigint not null, -- 0: nobody's
  name        text not null,
  created     bigint not null,
  failures    bigint not null,
  retry       bigint not null,
  locked      bytea not null
);

-- The clock that erasing trusts; one row.
create table clock (
  id        bigint primary key,
  witnessed bigint not null
);

insert into schema_version (version) values (1);
