-- Roles, groups, second factors, policies, one-time links, API tokens, certificates that roll over, webhooks, and an
-- audit log whose entries are chained.

-- Platform
ALTER TABLE tenants
  -- The tenant whose users are the platform's operators; there is at most one.
  ADD COLUMN is_platform boolean NOT NULL DEFAULT false;
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

ALTER TABLE connections ADD COLUMN ends_at timestamptz(3);
CREATE INDEX connections_tenant_id_user_id_idx ON connections (tenant_id, user_id) WHERE ended_at IS NULL;

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
  next_attempt_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT webhooks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT webhooks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

-- A field of the text that is hashed: its length in bytes and itself, or a hyphen when there is none.
CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL THEN '-' ELSE octet_length(value)::text || ':' || value END
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
CREATE FUNCTION chain_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
GRANT UPDATE ON certificate_authorities, platform_secrets TO sallyport_service;
GRANT DELETE ON users, devices, connections TO sallyport_service;
