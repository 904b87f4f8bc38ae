-- What the portal shows: how a tenant looks, how nodes are, and numbers about both.

-- How a tenant looks in the portal; without a row it looks like the product itself. Apart from the tenant's row, because
-- that one is read with every sign-in.
CREATE TABLE brandings (
  tenant_id uuid NOT NULL,
  display_name text,
  accent_colour text CHECK (accent_colour ~ '^#[0-9a-f]{6}$'),
  -- A PNG file as it was given.
  logo bytea CHECK (octet_length(logo) <= 65536),
  logo_sha256 text CHECK (logo_sha256 ~ '^[0-9a-f]{64}$'),
  support_text text,
  support_url text,
  CONSTRAINT brandings_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT brandings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT brandings_logo_has_digest CHECK ((logo IS NULL) = (logo_sha256 IS NULL))
);
ALTER TABLE brandings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON brandings USING (tenant_id = current_setting('sallyport.tenant_id')::uuid)
  WITH CHECK (tenant_id = current_setting('sallyport.tenant_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON brandings TO sallyport_service;

-- What a node told about itself last.
ALTER TABLE services
  ADD COLUMN version text,
  ADD COLUMN started_at timestamptz(3),
  ADD COLUMN reported_connections integer,
  -- Connections that it has room for.
  ADD COLUMN capacity integer,
  -- Of all its processors, from 0 to 1.
  ADD COLUMN cpu_share double precision;

-- Attempts to connect, by time and outcome: counted without a look at the events themselves.
CREATE INDEX audit_events_connection_attempts ON audit_events (tenant_id, at) INCLUDE (outcome)
  WHERE action = 'connection.authorise';
-- Certificates that will end, or have; and who has one at all.
CREATE INDEX devices_certificate_not_after ON devices (tenant_id, certificate_not_after) INCLUDE (user_id)
  WHERE revoked_at IS NULL;

-- Names the networks of all active tenants. Row-level security holds as everywhere: it looks at one tenant after another,
-- and the setting is as before when it returns.
CREATE FUNCTION platform_networks() RETURNS TABLE (tenant_id uuid, tenant_slug text, network_id uuid, name text)
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  before text := coalesce(current_setting('sallyport.tenant_id', true), '');
  tenant record;
BEGIN
  FOR tenant IN SELECT owner.id, owner.slug FROM public.tenants owner WHERE owner.suspended_at IS NULL LOOP
    PERFORM set_config('sallyport.tenant_id', tenant.id::text, true);
    RETURN QUERY SELECT tenant.id, tenant.slug, network.id, network.name
      FROM public.networks network WHERE network.tenant_id = tenant.id;
  END LOOP;
  PERFORM set_config('sallyport.tenant_id', before, true);
END
$$;
REVOKE ALL ON FUNCTION platform_networks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform_networks() TO sallyport_service;

-- A login that its user extended in the portal. The client's tokens know when it began first; by their session id they are
-- taken for those of the login that began anew.
ALTER TABLE connections ADD COLUMN login_id text;
ALTER TABLE devices ADD COLUMN extended_login_id text, ADD COLUMN extended_login_at timestamptz(3);

-- As before, and tells the login of the connection that goes on.
CREATE OR REPLACE FUNCTION authorisation_facts(tenant uuid, asked_devices uuid[], asked_connections uuid[]) RETURNS SETOF jsonb
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
        'connectionStartedAt', known.authorised_at,
        'loginStartedAt', known.login_started_at,
        'loginId', known.login_id
      )
      FROM devices device
      JOIN users account ON account.tenant_id = tenant AND account.id = device.user_id
      JOIN networks network ON network.tenant_id = tenant AND network.id = device.network_id
      JOIN certificate_authorities authority ON authority.tenant_id = tenant AND authority.id = device.authority_id
      JOIN tenants owner ON owner.id = tenant
      LEFT JOIN connections known
        ON known.tenant_id = tenant AND known.id = asked_connections[place] AND known.device_id = device.id
      WHERE device.tenant_id = tenant AND device.id = asked_devices[place];
    IF NOT FOUND THEN
      RETURN NEXT NULL;
    END IF;
  END LOOP;
END
$$;

-- As before, and notes the login.
-- Notes allowed connections with their lines in the audit log, each only if nothing that allowed it has changed: its
-- device, user and tenant stay locked until the end of the transaction. Answers true or false for each. Unless it is told
-- to wait, it answers null for one whose rows somebody else has locked or changed, which is then to be tried alone.
CREATE OR REPLACE FUNCTION note_connections(tenant uuid, attempts jsonb, waits boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  attempt record;
  answers jsonb := '[]';
BEGIN
  PERFORM set_config('sallyport.tenant_id', tenant::text, true);
  FOR attempt IN
    SELECT * FROM jsonb_to_recordset(attempts) AS a (
      device_id uuid, certificate_sha256 text, token_generation integer, control_key text, goes_on boolean,
      id uuid, user_id uuid, network_id uuid, service_id uuid, transport text, remote_address text, remote_port integer,
      at timestamptz, login_id text, login_started_at timestamptz, ends_at timestamptz, connection_limit integer,
      factor_method text, factor_address text, factor_country text,
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
      -- A login that its user extended while this was decided stays as they left it.
      UPDATE connections SET
          login_id = coalesce(attempt.login_id, login_id),
          login_started_at = CASE WHEN login_id = attempt.login_id AND login_started_at > attempt.login_started_at
            THEN login_started_at ELSE attempt.login_started_at END,
          ends_at = CASE WHEN login_id = attempt.login_id AND login_started_at > attempt.login_started_at
            THEN ends_at ELSE attempt.ends_at END
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
          remote_address, remote_port, login_id, login_started_at, ends_at)
        VALUES (tenant, attempt.id, attempt.user_id, attempt.device_id, attempt.network_id, attempt.service_id,
          attempt.control_key, attempt.transport, attempt.remote_address, attempt.remote_port,
          attempt.login_id, attempt.login_started_at, attempt.ends_at);
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

-- By which an enrolment or a renewal whose answer was lost is known when it comes again.
ALTER TABLE devices ADD COLUMN public_key_sha256 text CHECK (public_key_sha256 ~ '^[0-9a-f]{64}$');

-- Tells what was added to the audit chains of these tenants behind these places: each action with the last of its places
-- and with whom its events are about; of a long addition, its beginning. Row-level security holds as everywhere: it looks
-- at one tenant after another, and the setting is as before when it returns. Plans are made anew each time: one that a
-- session keeps from when the tables were almost empty would look through all events.
CREATE FUNCTION audit_news(tenants uuid[], places bigint[])
RETURNS TABLE (tenant_id uuid, place bigint, action text, about uuid[])
LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  before text := coalesce(current_setting('sallyport.tenant_id', true), '');
  tenant uuid;
  behind bigint;
BEGIN
  FOR tenant, behind IN SELECT * FROM unnest(tenants, places) LOOP
    PERFORM set_config('sallyport.tenant_id', tenant::text, true);
    -- Most of the time there is nothing, and this is planned faster.
    PERFORM FROM public.audit_chain chain WHERE chain.tenant_id = tenant AND chain.sequence > behind LIMIT 1;
    CONTINUE WHEN NOT FOUND;
    RETURN QUERY
      SELECT tenant, max(link.sequence), event.action,
        coalesce(array_agg(DISTINCT event.user_id) FILTER (WHERE event.user_id IS NOT NULL), '{}')
      FROM (
        SELECT chain.sequence, chain.event_id FROM public.audit_chain chain
        WHERE chain.tenant_id = tenant AND chain.sequence > behind ORDER BY chain.sequence LIMIT 2000
      ) link
      LEFT JOIN public.audit_events event ON event.tenant_id = tenant AND event.id = link.event_id
      GROUP BY event.action;
  END LOOP;
  PERFORM set_config('sallyport.tenant_id', before, true);
END
$$;
REVOKE ALL ON FUNCTION audit_news(uuid[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_news(uuid[], bigint[]) TO sallyport_service;

-- The list of connections, the newest first.
CREATE INDEX connections_tenant_id_authorised_at_id_idx ON connections (tenant_id, authorised_at, id);
