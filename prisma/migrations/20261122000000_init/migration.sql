-- The first tables. Platform tables have no owner among the tenants; every other table has tenant_id, and row-level
-- security that binds the tables' owner as well (FORCE). The service's role reads and writes; it owns nothing.

-- Roles belong to the whole server, so another database may have made it, even at this moment.
DO $$
BEGIN
  CREATE ROLE sallyport_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

GRANT USAGE ON SCHEMA public TO sallyport_service;

-- Platform

CREATE TABLE tenants (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$'),
  name text NOT NULL,
  suspended_at timestamptz(3),
  ping_seconds integer NOT NULL DEFAULT 10 CHECK (ping_seconds > 0),
  ping_restart_seconds integer NOT NULL DEFAULT 60 CHECK (ping_restart_seconds > ping_seconds),
  session_token_seconds integer NOT NULL DEFAULT 43200 CHECK (session_token_seconds > 0),
  namespaces text[] NOT NULL DEFAULT ARRAY[]::text[],
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT tenants_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX tenants_slug_key ON tenants (slug);

CREATE TABLE services (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  role text NOT NULL CHECK (role IN ('ip-allocator', 'vpn-node')),
  name text NOT NULL,
  slot integer CHECK (slot BETWEEN 0 AND 254),
  certificate_serial text NOT NULL,
  previous_certificate_serial text,
  certificate_not_after timestamptz(3) NOT NULL,
  draining_at timestamptz(3),
  revoked_at timestamptz(3),
  last_seen_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT services_pkey PRIMARY KEY (id),
  CONSTRAINT services_slot_of_nodes CHECK ((role = 'vpn-node') = (slot IS NOT NULL))
);
CREATE UNIQUE INDEX services_slot_key ON services (slot);
CREATE UNIQUE INDEX services_role_name_key ON services (role, name);

CREATE TABLE join_tokens (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  secret_sha256 text NOT NULL CHECK (secret_sha256 ~ '^[0-9a-f]{64}$'),
  role text NOT NULL CHECK (role IN ('ip-allocator', 'vpn-node')),
  name text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT join_tokens_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX join_tokens_secret_sha256_key ON join_tokens (secret_sha256);

CREATE TABLE platform_secrets (
  name text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT platform_secrets_pkey PRIMARY KEY (name)
);

CREATE TABLE live_connections (
  connection_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  service_id uuid NOT NULL,
  CONSTRAINT live_connections_pkey PRIMARY KEY (connection_id),
  CONSTRAINT live_connections_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT live_connections_service_id_fkey FOREIGN KEY (service_id) REFERENCES services (id)
);
CREATE INDEX live_connections_service_id_idx ON live_connections (service_id);

-- Tenant-owned

CREATE TABLE certificate_authorities (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  certificate text NOT NULL,
  sealed_key bytea NOT NULL,
  not_after timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT certificate_authorities_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT certificate_authorities_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE users (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  username text NOT NULL CHECK (username = lower(username)),
  role text NOT NULL DEFAULT 'user' CHECK (role IN ('administrator', 'user')),
  password_hash text NOT NULL,
  one_time_password boolean NOT NULL DEFAULT true,
  disabled_at timestamptz(3),
  totp_required boolean NOT NULL DEFAULT true,
  totp_secret bytea,
  totp_confirmed_at timestamptz(3),
  totp_last_step bigint NOT NULL DEFAULT 0,
  token_generation integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE UNIQUE INDEX users_tenant_id_username_key ON users (tenant_id, username);

CREATE TABLE networks (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  ipv4 text NOT NULL,
  ipv6 text,
  namespace text,
  routes text[],
  dns_servers text[],
  dns_domains text[],
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT networks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT networks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE UNIQUE INDEX networks_tenant_id_name_key ON networks (tenant_id, name);

CREATE TABLE devices (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  network_id uuid NOT NULL,
  name text NOT NULL,
  certificate text NOT NULL,
  certificate_serial text NOT NULL,
  certificate_sha256 text NOT NULL,
  certificate_not_after timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT devices_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT devices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT devices_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CONSTRAINT devices_tenant_id_network_id_fkey FOREIGN KEY (tenant_id, network_id) REFERENCES networks (tenant_id, id)
);
CREATE INDEX devices_tenant_id_user_id_idx ON devices (tenant_id, user_id);

CREATE TABLE connections (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  device_id uuid NOT NULL,
  network_id uuid NOT NULL,
  service_id uuid NOT NULL,
  remote_address text NOT NULL,
  remote_port integer NOT NULL,
  ipv4 text,
  ipv6 text,
  cipher text,
  authorised_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  established_at timestamptz(3),
  end_requested_at timestamptz(3),
  ended_at timestamptz(3),
  end_reason text,
  received_bytes bigint NOT NULL DEFAULT 0,
  sent_bytes bigint NOT NULL DEFAULT 0,
  CONSTRAINT connections_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT connections_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT connections_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CONSTRAINT connections_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id),
  CONSTRAINT connections_tenant_id_network_id_fkey FOREIGN KEY (tenant_id, network_id) REFERENCES networks (tenant_id, id),
  CONSTRAINT connections_service_id_fkey FOREIGN KEY (service_id) REFERENCES services (id)
);
CREATE INDEX connections_tenant_id_ended_at_authorised_at_idx ON connections (tenant_id, ended_at, authorised_at);

CREATE TABLE audit_events (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  actor text NOT NULL,
  action text NOT NULL,
  target text,
  outcome text NOT NULL,
  CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT audit_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE INDEX audit_events_tenant_id_at_idx ON audit_events (tenant_id, at);

-- live_connections follows connections. The function runs with its owner's rights, because the service's role may only
-- read that table; its search path is fixed for the same reason.
CREATE FUNCTION follow_connection() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NEW.ended_at IS NULL THEN
    INSERT INTO public.live_connections (connection_id, tenant_id, service_id)
    VALUES (NEW.id, NEW.tenant_id, NEW.service_id) ON CONFLICT (connection_id) DO NOTHING;
  ELSE
    DELETE FROM public.live_connections WHERE connection_id = NEW.id AND tenant_id = NEW.tenant_id;
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION follow_connection() FROM PUBLIC;
CREATE TRIGGER follow_connection AFTER INSERT OR UPDATE OF ended_at ON connections
  FOR EACH ROW EXECUTE FUNCTION follow_connection();

-- Row-level security. Without a tenant in the session, current_setting raises an error: a query that forgets its tenant
-- fails; it does not see everything. The service refuses to start when a tenant-owned table lacks this policy.
DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY[
    'certificate_authorities', 'users', 'networks', 'devices', 'connections', 'audit_events'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY tenant_isolation ON %I USING (tenant_id = current_setting(''sallyport.tenant_id'')::uuid)'
      ' WITH CHECK (tenant_id = current_setting(''sallyport.tenant_id'')::uuid)', tenant_table);
  END LOOP;
END
$$;

-- What the service may do; nothing is deleted but what lapses.
GRANT SELECT, INSERT, UPDATE ON tenants, services, join_tokens TO sallyport_service;
GRANT SELECT, INSERT ON platform_secrets TO sallyport_service;
GRANT SELECT ON live_connections TO sallyport_service;
GRANT SELECT, INSERT ON certificate_authorities TO sallyport_service;
GRANT SELECT, INSERT, UPDATE ON users, networks, devices, connections TO sallyport_service;
GRANT SELECT, INSERT ON audit_events TO sallyport_service;
