-- Roles, groups, second factors, policies, one-time links, API tokens, certificates that roll over, webhooks, and an
-- audit log whose entries are chained.

-- Platform
ALTER TABLE tenants
  -- The tenant whose users are the platform's operators; there is at most one.
  ADD COLUMN is_platform boolean NOT NULL DEFAULT false,
  -- Grows with every change of its certificate authorities, so that nodes and instances see that theirs are old.
  ADD COLUMN authority_version integer NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX tenants_is_platform_key ON tenants (is_platform) WHERE is_platform;

-- Accounts
ALTER TABLE users
  DROP CONSTRAINT users_role_check,
  ADD CONSTRAINT users_role_check CHECK (role IN ('operator', 'administrator', 'auditor', 'user')),
  -- Somebody who was invited has none until they choose one.
  ALTER COLUMN password_hash DROP NOT NULL,
  ADD COLUMN display_name text,
  ADD COLUMN email text CHECK (email = lower(email)),
  -- From when the time to enrol a second factor runs; set anew when an administrator takes the factors away.
  ADD COLUMN factor_grace_from timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ADD COLUMN last_sign_in_at timestamptz(3);

CREATE TABLE groups (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  -- Of the groups that a user is in, the one with the lowest position decides first.
  position integer NOT NULL,
  -- What differs from the tenant's policy, as JSON.
  policy jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT groups_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT groups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE UNIQUE INDEX groups_tenant_id_name_key ON groups (tenant_id, name);
CREATE INDEX groups_tenant_id_position_idx ON groups (tenant_id, position);

CREATE TABLE group_members (
  tenant_id uuid NOT NULL,
  group_id uuid NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT group_members_pkey PRIMARY KEY (tenant_id, group_id, user_id),
  CONSTRAINT group_members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT group_members_tenant_id_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
  CONSTRAINT group_members_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX group_members_tenant_id_user_id_idx ON group_members (tenant_id, user_id);

-- The tenant's policy of sign-ins and sessions; without a row the defaults hold.
CREATE TABLE policies (
  tenant_id uuid NOT NULL,
  policy jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT policies_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

-- What the columns said before is said by policies: how long logins last, and who is not asked for a second factor.
INSERT INTO policies (tenant_id, policy)
  SELECT id, jsonb_build_object(
    'sessionSeconds', least(greatest(session_token_seconds, 60), 2592000),
    'tokenSeconds', least(greatest(session_token_seconds, 60), 2592000),
    'idleSeconds', least(greatest(session_idle_seconds, 60), 2592000))
  FROM tenants WHERE session_token_seconds <> 43200 OR session_idle_seconds IS NOT NULL;
ALTER TABLE tenants DROP COLUMN session_token_seconds, DROP COLUMN session_idle_seconds;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
INSERT INTO groups (tenant_id, name, position, policy)
  SELECT DISTINCT tenant_id, 'Without second factor', 1, '{"mfa": "off"}'::jsonb FROM users WHERE NOT totp_required;
INSERT INTO group_members (tenant_id, group_id, user_id)
  SELECT users.tenant_id, groups.id, users.id
  FROM users JOIN groups ON groups.tenant_id = users.tenant_id WHERE NOT users.totp_required;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE users DROP COLUMN totp_required;

-- Second factors
CREATE TABLE passkeys (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  name text NOT NULL,
  credential_id bytea NOT NULL,
  public_key bytea NOT NULL,
  -- The authenticator's signature counter; 0 for those that do not count.
  counter bigint NOT NULL DEFAULT 0,
  transports text[] NOT NULL DEFAULT ARRAY[]::text[],
  backed_up boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_used_at timestamptz(3),
  CONSTRAINT passkeys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT passkeys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT passkeys_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX passkeys_tenant_id_credential_id_key ON passkeys (tenant_id, credential_id);
CREATE INDEX passkeys_tenant_id_user_id_idx ON passkeys (tenant_id, user_id);

CREATE TABLE recovery_codes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  code_hash text NOT NULL,
  used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT recovery_codes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT recovery_codes_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX recovery_codes_tenant_id_user_id_idx ON recovery_codes (tenant_id, user_id);

-- Links that work once: invitations, new passwords, profiles to import.
CREATE TABLE one_time_links (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('invitation', 'password-reset', 'profile')),
  -- The secret itself is never stored.
  secret_sha256 text NOT NULL CHECK (secret_sha256 ~ '^[0-9a-f]{64}$'),
  -- What the link gives, sealed; only profiles have it, until they were fetched.
  sealed_payload bytea,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT one_time_links_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT one_time_links_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT one_time_links_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX one_time_links_tenant_id_user_id_idx ON one_time_links (tenant_id, user_id);
CREATE UNIQUE INDEX one_time_links_tenant_id_secret_sha256_key ON one_time_links (tenant_id, secret_sha256);

CREATE TABLE api_tokens (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  -- Whose rights it has at most.
  user_id uuid NOT NULL,
  name text NOT NULL,
  secret_sha256 text NOT NULL CHECK (secret_sha256 ~ '^[0-9a-f]{64}$'),
  scopes text[] NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT api_tokens_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_tokens_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT api_tokens_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX api_tokens_tenant_id_user_id_idx ON api_tokens (tenant_id, user_id);

-- Certificates
ALTER TABLE certificate_authorities
  -- prepared: trusted, and in new profiles, but signs no server; active: signs; retired: not trusted any more.
  ADD COLUMN state text NOT NULL DEFAULT 'active' CHECK (state IN ('prepared', 'active', 'trusted', 'retired'));
CREATE UNIQUE INDEX certificate_authorities_one_active ON certificate_authorities (tenant_id) WHERE state = 'active';
CREATE UNIQUE INDEX certificate_authorities_one_prepared ON certificate_authorities (tenant_id) WHERE state = 'prepared';

CREATE TABLE revoked_certificates (
  tenant_id uuid NOT NULL,
  authority_id uuid NOT NULL,
  serial text NOT NULL,
  reason text NOT NULL,
  revoked_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- It leaves the list when it would have ended by itself.
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT revoked_certificates_pkey PRIMARY KEY (tenant_id, authority_id, serial),
  CONSTRAINT revoked_certificates_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT revoked_certificates_tenant_id_authority_id_fkey
    FOREIGN KEY (tenant_id, authority_id) REFERENCES certificate_authorities (tenant_id, id)
);

ALTER TABLE devices
  ADD COLUMN authority_id uuid,
  -- The key pair was made by the service, for somebody who could not.
  ADD COLUMN server_made_key boolean NOT NULL DEFAULT false,
  -- Still good until the renewed certificate was used for the first time.
  ADD COLUMN previous_certificate_sha256 text,
  ADD COLUMN previous_certificate_serial text,
  ADD COLUMN previous_certificate_not_after timestamptz(3),
  ADD COLUMN previous_authority_id uuid,
  ADD COLUMN last_connected_at timestamptz(3),
  -- The last proof of a second factor that this device gave.
  ADD COLUMN factor_at timestamptz(3),
  ADD COLUMN factor_method text,
  ADD COLUMN factor_address text,
  ADD COLUMN factor_country text;
-- Until now each tenant had one authority. The owner sees the rows of all tenants only while it is not bound itself.
ALTER TABLE devices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE certificate_authorities NO FORCE ROW LEVEL SECURITY;
UPDATE devices SET authority_id =
  (SELECT authority.id FROM certificate_authorities authority WHERE authority.tenant_id = devices.tenant_id);
ALTER TABLE devices
  ALTER COLUMN authority_id SET NOT NULL,
  ADD CONSTRAINT devices_tenant_id_authority_id_fkey
    FOREIGN KEY (tenant_id, authority_id) REFERENCES certificate_authorities (tenant_id, id);
ALTER TABLE certificate_authorities FORCE ROW LEVEL SECURITY;
ALTER TABLE devices FORCE ROW LEVEL SECURITY;

ALTER TABLE connections
  -- When the password was given that it goes back to.
  ADD COLUMN login_started_at timestamptz(3),
  ADD COLUMN ends_at timestamptz(3);
CREATE INDEX connections_tenant_id_user_id_ended_at_idx ON connections (tenant_id, user_id, ended_at);
-- Deleting a device has PostgreSQL look for its connections.
CREATE INDEX connections_tenant_id_device_id_idx ON connections (tenant_id, device_id);

-- Audit
ALTER TABLE audit_events
  -- Whom it is about. The user's row may be gone.
  ADD COLUMN user_id uuid,
  -- JSON text as the service wrote it; erased with its user, while the digest stays.
  ADD COLUMN details text,
  ADD COLUMN details_sha256 text;
CREATE INDEX audit_events_tenant_id_user_id_at_idx ON audit_events (tenant_id, user_id, at);

CREATE TABLE audit_chain (
  tenant_id uuid NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  hash text NOT NULL,
  CONSTRAINT audit_chain_pkey PRIMARY KEY (tenant_id, sequence),
  CONSTRAINT audit_chain_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT audit_chain_tenant_id_event_id_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES audit_events (tenant_id, id)
);
CREATE UNIQUE INDEX audit_chain_tenant_id_event_id_key ON audit_chain (tenant_id, event_id);

CREATE TABLE webhooks (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  url text NOT NULL,
  sealed_secret bytea NOT NULL,
  -- Actions that it hears; empty means all.
  actions text[] NOT NULL DEFAULT ARRAY[]::text[],
  disabled_at timestamptz(3),
  -- Place in the audit chain up to which everything was delivered.
  delivered_sequence bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  -- When the first of these failures was.
  failing_since timestamptz(3),
  -- While an instance delivers, the end of its lease.
  next_attempt_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT webhooks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT webhooks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

-- A field of the text that is hashed: its length in bytes and itself, or a hyphen when there is none.
CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL THEN '-' ELSE octet_length(convert_to(value, 'UTF8'))::text || ':' || value END
$$;

CREATE FUNCTION digest_audit_details() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.details_sha256 := encode(sha256(convert_to(NEW.details, 'UTF8')), 'hex');
  RETURN NEW;
END
$$;
CREATE TRIGGER digest_audit_details BEFORE INSERT ON audit_events
  FOR EACH ROW EXECUTE FUNCTION digest_audit_details();

-- Chains an event to the one before it: at the end of its transaction, so that the lock on the tenant's chain is held
-- for the commit only and can deadlock with nothing. The service's role cannot write the chain; this runs as its owner.
-- Plans are made anew each time: one that a session keeps from when the tables were almost empty looks through all events
-- of the tenant to check the reference, until somebody gathers statistics.
CREATE FUNCTION chain_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  previous record;
  place bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.tenant_id::text, 1819042147));
  SELECT sequence, hash INTO previous FROM public.audit_chain
    WHERE tenant_id = NEW.tenant_id ORDER BY sequence DESC LIMIT 1;
  place := coalesce(previous.sequence, 0) + 1;
  INSERT INTO public.audit_chain (tenant_id, sequence, event_id, hash) VALUES (
    NEW.tenant_id, place, NEW.id,
    encode(sha256(convert_to(concat(
      public.audit_field(coalesce(previous.hash, repeat('0', 64))),
      public.audit_field(place::text),
      public.audit_field(NEW.tenant_id::text),
      public.audit_field(NEW.id::text),
      public.audit_field(((extract(epoch FROM NEW.at) * 1000)::bigint)::text),
      public.audit_field(NEW.actor),
      public.audit_field(NEW.action),
      public.audit_field(NEW.target),
      public.audit_field(NEW.outcome),
      public.audit_field(NEW.user_id::text),
      public.audit_field(NEW.details_sha256)
    ), 'UTF8')), 'hex'));
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION chain_audit_event() FROM PUBLIC;
-- The events that exist are chained by firing the trigger's function for each of them, in order.
ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY;
CREATE TRIGGER chain_existing_audit_event AFTER UPDATE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION chain_audit_event();
DO $$
DECLARE
  event record;
BEGIN
  FOR event IN SELECT tenant_id, id FROM audit_events ORDER BY at, id LOOP
    UPDATE audit_events SET outcome = outcome WHERE tenant_id = event.tenant_id AND id = event.id;
  END LOOP;
END
$$;
DROP TRIGGER chain_existing_audit_event ON audit_events;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
CREATE CONSTRAINT TRIGGER chain_audit_event AFTER INSERT ON audit_events
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit_event();

-- Takes the details of a user's events away; what happened, when and with which outcome stays, and so does the chain.
CREATE FUNCTION erase_audit_details(erased_user uuid) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.audit_events SET details = NULL
    WHERE tenant_id = current_setting('sallyport.tenant_id')::uuid AND user_id = erased_user AND details IS NOT NULL
$$;
REVOKE ALL ON FUNCTION erase_audit_details(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_audit_details(uuid) TO sallyport_service;

-- Names the tenants of which a webhook waits for something to be delivered now. Row-level security holds as everywhere:
-- it looks at one tenant after another, and the setting is as before when it returns.
CREATE FUNCTION tenants_with_due_webhooks() RETURNS SETOF uuid LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  before text := coalesce(current_setting('sallyport.tenant_id', true), '');
  tenant uuid;
BEGIN
  FOR tenant IN SELECT id FROM public.tenants WHERE suspended_at IS NULL LOOP
    PERFORM set_config('sallyport.tenant_id', tenant::text, true);
    IF EXISTS (
      SELECT FROM public.webhooks
      WHERE tenant_id = tenant AND disabled_at IS NULL AND next_attempt_at <= now() AND delivered_sequence <
        (SELECT sequence FROM public.audit_chain WHERE tenant_id = tenant ORDER BY sequence DESC LIMIT 1)
    ) THEN
      RETURN NEXT tenant;
    END IF;
  END LOOP;
  PERFORM set_config('sallyport.tenant_id', before, true);
END
$$;
REVOKE ALL ON FUNCTION tenants_with_due_webhooks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_due_webhooks() TO sallyport_service;

-- A connection's row goes when its user is erased.
CREATE FUNCTION forget_connection() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM public.live_connections WHERE connection_id = OLD.id AND tenant_id = OLD.tenant_id;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION forget_connection() FROM PUBLIC;
CREATE TRIGGER forget_connection AFTER DELETE ON connections FOR EACH ROW EXECUTE FUNCTION forget_connection();

DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY[
    'groups', 'group_members', 'policies', 'passkeys', 'recovery_codes', 'one_time_links', 'api_tokens',
    'revoked_certificates', 'audit_chain', 'webhooks'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant_isolation ON %I USING (tenant_id = current_setting(''sallyport.tenant_id'')::uuid)'
      ' WITH CHECK (tenant_id = current_setting(''sallyport.tenant_id'')::uuid)', tenant_table);
  END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON groups, group_members, passkeys, recovery_codes, one_time_links, api_tokens, webhooks
  TO sallyport_service;
GRANT SELECT, INSERT, UPDATE ON policies TO sallyport_service;
GRANT SELECT, INSERT ON revoked_certificates TO sallyport_service;
GRANT DELETE ON revoked_certificates TO sallyport_service;
GRANT SELECT ON audit_chain TO sallyport_service;
GRANT UPDATE ON certificate_authorities TO sallyport_service;
-- A copy of the data key goes when its master key is given up.
GRANT DELETE ON platform_secrets TO sallyport_service;
GRANT DELETE ON users, devices, connections TO sallyport_service;

-- What a node asks when clients come back by the thousand: whole batches in one statement, of one tenant each. These
-- functions name their tenant to row-level security themselves and have no rights beyond their caller's.
CREATE FUNCTION authorisation_facts(tenant uuid, asked_devices uuid[], asked_connections uuid[]) RETURNS SETOF jsonb
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('sallyport.tenant_id', tenant::text, true);
  -- One by one: as one query it may read all devices of the tenant to find a few.
  FOR place IN 1 .. cardinality(asked_devices) LOOP
    RETURN QUERY
      SELECT jsonb_build_object(
        'device', to_jsonb(device),
        'user', to_jsonb(account),
        'network', to_jsonb(network),
        'tenant', to_jsonb(owner),
        'authorityState', authority.state,
        -- As text, so that the same policy is recognised without reading it.
        'policy', (SELECT policies.policy::text FROM policies WHERE policies.tenant_id = tenant),
        'groupPolicies', (
          SELECT coalesce(jsonb_agg(jsonb_build_array(groups.id, groups.policy::text) ORDER BY groups.position, groups.id), '[]')
          FROM group_members member
          JOIN groups ON groups.tenant_id = member.tenant_id AND groups.id = member.group_id
          WHERE member.tenant_id = tenant AND member.user_id = account.id),
        'hasPasskey', EXISTS (
          SELECT FROM passkeys WHERE passkeys.tenant_id = tenant AND passkeys.user_id = account.id),
        'hasRecoveryCode', EXISTS (
          SELECT FROM recovery_codes code
          WHERE code.tenant_id = tenant AND code.user_id = account.id AND code.used_at IS NULL),
        'connectionStartedAt', (
          SELECT known.authorised_at FROM connections known
          WHERE known.tenant_id = tenant AND known.id = asked_connections[place] AND known.device_id = device.id)
      )
      FROM devices device
      JOIN users account ON account.tenant_id = tenant AND account.id = device.user_id
      JOIN networks network ON network.tenant_id = tenant AND network.id = device.network_id
      JOIN certificate_authorities authority ON authority.tenant_id = tenant AND authority.id = device.authority_id
      JOIN tenants owner ON owner.id = tenant
      WHERE device.tenant_id = tenant AND device.id = asked_devices[place];
    IF NOT FOUND THEN
      RETURN NEXT NULL;
    END IF;
  END LOOP;
END
$$;

-- Notes allowed connections with their lines in the audit log, each only if nothing that allowed it has changed: its
-- device, user and tenant stay locked until the end of the transaction. Answers true or false for each. Unless it is told
-- to wait, it answers null for one whose rows somebody else has locked or changed, which is then to be tried alone.
CREATE FUNCTION note_connections(tenant uuid, attempts jsonb, waits boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  attempt record;
  answers jsonb := '[]';
BEGIN
  PERFORM set_config('sallyport.tenant_id', tenant::text, true);
  FOR attempt IN
    SELECT * FROM jsonb_to_recordset(attempts) AS a (
      device_id uuid, certificate_sha256 text, token_generation integer, control_key text, goes_on boolean,
      id uuid, user_id uuid, network_id uuid, service_id uuid, transport text, remote_address text, remote_port integer,
      at timestamptz, login_started_at timestamptz, ends_at timestamptz, connection_limit integer, factor_method text, factor_address text, factor_country text,
      actor text, action text, target text, outcome text, about uuid, details text)
  LOOP
    IF waits THEN
      PERFORM FROM devices device
        JOIN users account ON account.tenant_id = device.tenant_id AND account.id = device.user_id
        JOIN tenants owner ON owner.id = device.tenant_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id
          AND attempt.certificate_sha256 IN (device.certificate_sha256, device.previous_certificate_sha256)
          AND device.revoked_at IS NULL
          AND account.token_generation = attempt.token_generation AND account.disabled_at IS NULL
          AND owner.suspended_at IS NULL AND (attempt.control_key = 'device' OR owner.legacy_clients <> 'off')
        FOR NO KEY UPDATE OF device FOR SHARE OF account, owner;
    ELSE
      PERFORM FROM devices device
        JOIN users account ON account.tenant_id = device.tenant_id AND account.id = device.user_id
        JOIN tenants owner ON owner.id = device.tenant_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id
          AND attempt.certificate_sha256 IN (device.certificate_sha256, device.previous_certificate_sha256)
          AND device.revoked_at IS NULL
          AND account.token_generation = attempt.token_generation AND account.disabled_at IS NULL
          AND owner.suspended_at IS NULL AND (attempt.control_key = 'device' OR owner.legacy_clients <> 'off')
        FOR NO KEY UPDATE OF device SKIP LOCKED FOR SHARE OF account, owner SKIP LOCKED;
    END IF;
    IF NOT FOUND THEN
      answers := answers || CASE WHEN waits THEN 'false'::jsonb ELSE 'null'::jsonb END;
      CONTINUE;
    END IF;
    -- Who retires an authority locks the tenant first: from here on none of this tenant is retired.
    IF EXISTS (SELECT FROM devices device JOIN certificate_authorities authority
        ON authority.tenant_id = device.tenant_id AND authority.id = device.authority_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id AND authority.state = 'retired') THEN
      answers := answers || 'false'::jsonb;
      CONTINUE;
    END IF;
    IF attempt.goes_on THEN
      UPDATE connections SET ends_at = attempt.ends_at
        WHERE tenant_id = tenant AND id = attempt.id AND device_id = attempt.device_id
          AND service_id = attempt.service_id AND ended_at IS NULL AND end_requested_at IS NULL;
      IF NOT FOUND THEN
        answers := answers || 'false'::jsonb;
        CONTINUE;
      END IF;
    ELSE
      IF attempt.connection_limit IS NOT NULL THEN
        -- The connections of a user are counted one at a time; those of the same device give way to this one.
        IF waits THEN
          PERFORM pg_advisory_xact_lock(hashtextextended(attempt.user_id::text, 1668247155));
        ELSIF NOT pg_try_advisory_xact_lock(hashtextextended(attempt.user_id::text, 1668247155)) THEN
          answers := answers || 'null'::jsonb;
          CONTINUE;
        END IF;
        -- Nobody tells the end of connections whose node is gone. The eleven minutes hold a clock's step of ten.
        IF (SELECT count(DISTINCT known.device_id) FROM connections known
            JOIN services carrier ON carrier.id = known.service_id
            WHERE known.tenant_id = tenant AND known.user_id = attempt.user_id AND known.ended_at IS NULL
              AND greatest(known.authorised_at, carrier.last_seen_at) >= attempt.at - interval '11 minutes'
              AND known.device_id <> attempt.device_id) >= attempt.connection_limit THEN
          answers := answers || 'false'::jsonb;
          CONTINUE;
        END IF;
      END IF;
      INSERT INTO connections (tenant_id, id, user_id, device_id, network_id, service_id, control_key, transport,
          remote_address, remote_port, login_started_at, ends_at)
        VALUES (tenant, attempt.id, attempt.user_id, attempt.device_id, attempt.network_id, attempt.service_id,
          attempt.control_key, attempt.transport, attempt.remote_address, attempt.remote_port,
          attempt.login_started_at, attempt.ends_at);
    END IF;
    IF attempt.factor_method IS NOT NULL THEN
      UPDATE devices SET factor_at = attempt.at, factor_method = attempt.factor_method,
          factor_address = attempt.factor_address, factor_country = attempt.factor_country
        WHERE tenant_id = tenant AND id = attempt.device_id;
    END IF;
    IF NOT attempt.goes_on THEN
      UPDATE devices SET last_connected_at = attempt.at WHERE tenant_id = tenant AND id = attempt.device_id;
    END IF;
    INSERT INTO audit_events (tenant_id, actor, action, target, outcome, user_id, details)
      VALUES (tenant, attempt.actor, attempt.action, attempt.target, attempt.outcome, attempt.about, attempt.details);
    answers := answers || 'true'::jsonb;
  END LOOP;
  RETURN answers;
END
$$;
