-- What every client family needs: rotating cookie keys, static keys for old clients, and the settings of dialogues,
-- sessions and pushed options.

-- Platform

ALTER TABLE tenants
  ADD COLUMN session_idle_seconds integer CHECK (session_idle_seconds > 0),
  ADD COLUMN renegotiate_seconds integer NOT NULL DEFAULT 4320 CHECK (renegotiate_seconds > 0),
  ADD COLUMN key_limit_bytes bigint CHECK (key_limit_bytes > 0),
  ADD COLUMN key_limit_packets bigint CHECK (key_limit_packets > 0),
  ADD COLUMN legacy_clients text NOT NULL DEFAULT 'off' CHECK (legacy_clients IN ('off', 'tls-crypt', 'tls-auth')),
  ADD COLUMN web_sign_in boolean NOT NULL DEFAULT false;

CREATE TABLE cookie_keys (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  sealed bytea NOT NULL,
  valid_from timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  CONSTRAINT cookie_keys_pkey PRIMARY KEY (id)
);

-- Its place is taken by cookie_keys.
DELETE FROM platform_secrets WHERE name = 'cookie-key';

-- Tenant-owned

ALTER TABLE networks
  ADD COLUMN dns_resolve_domains text[] NOT NULL DEFAULT ARRAY[]::text[],
  ADD COLUMN block_outside_dns boolean NOT NULL DEFAULT false,
  ADD COLUMN block_ipv6 boolean NOT NULL DEFAULT false,
  ADD COLUMN inactive_seconds integer CHECK (inactive_seconds > 0);

ALTER TABLE connections
  ADD COLUMN control_key text NOT NULL DEFAULT 'device' CHECK (control_key IN ('device', 'tenant')),
  ADD COLUMN transport text NOT NULL DEFAULT 'udp' CHECK (transport IN ('udp', 'tcp'));

CREATE TABLE static_keys (
  tenant_id uuid NOT NULL,
  mode text NOT NULL CHECK (mode IN ('tls-crypt', 'tls-auth')),
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT static_keys_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT static_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
ALTER TABLE static_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON static_keys
  USING (tenant_id = current_setting('sallyport.tenant_id')::uuid)
  WITH CHECK (tenant_id = current_setting('sallyport.tenant_id')::uuid);

GRANT SELECT, INSERT, DELETE ON cookie_keys, static_keys TO sallyport_service;
