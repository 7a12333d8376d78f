using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using Orleans.Configuration;

using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Gateway;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Tokens;

namespace OrleansDDM.Silos.Security;

/// <summary>Puts the guards on a silo and a client.</summary>
internal static class SecurityHosting
{
    /// <summary>Adds call filter, gateway guard, limits, audit log and, where there are certificates, TLS on all connections.</summary>
    /// <exception cref="SecurityException">A key or certificate cannot be used.</exception>
    public static void AddSecurity(this ISiloBuilder silo, SecurityPlan plan, TimeProvider clock)
    {
        // Read now, so that a wrong file ends the start and not the first call.
        TokenKey[] keys = [.. plan.TokenKeys.Select(TokenKey.LoadPublic)];
        TlsIdentity? identity = plan.Tls is null ? null : TlsIdentity.Load(plan.Tls, clock);
        IServiceCollection services = silo.Services;
        services.AddSingleton(s => new AuditLog(plan.Audit, clock, s.GetRequiredService<ILogger<AuditLog>>()));
        services.AddSingleton(s => new Gatekeeper(
            keys.Length == 0 ? null : new TokenVerifier(keys, clock, plan.ClockSkew, plan.Revocations),
            new CallerLimits(plan.Limits, clock),
            s.GetRequiredService<AuditLog>()));
        services.AddSingleton<GatewayCalls>().AddSingleton<GatewayGuard>().AddSingleton(plan.Revocations);
        if (identity is not null)
        {
            services.AddSingleton(identity.Own);
        }

        silo.AddIncomingGrainCallFilter<AccessFilter>();
        silo.Configure<SiloMessagingOptions>(o => o.MaxEnqueuedRequestsHardLimit = plan.QueueLength);
        services.AddOptions<SiloConnectionOptions>().Configure<IServiceProvider>((o, s) =>
        {
            var gatekeeper = s.GetRequiredService<Gatekeeper>();
            o.ConfigureGatewayInboundConnection(b => b.Use(new ConnectionLimit(plan.GatewayConnections, gatekeeper).Use));
            if (identity is null)
            {
                var plain = ActivatorUtilities.CreateInstance<PlainConnections>(s);
                o.ConfigureSiloInboundConnection(b => b.Use(plain.FromSilo));
            }
            else
            {
                TlsConnections tls = ActivatorUtilities.CreateInstance<TlsConnections>(s, identity, gatekeeper);
                o.ConfigureSiloInboundConnection(b => b.Use(tls.FromSilo));
                o.ConfigureSiloOutboundConnection(b => b.Use(tls.ToSilo));
                o.ConfigureGatewayInboundConnection(b => b.Use(tls.FromClient));
            }

            o.ConfigureGatewayInboundConnection(b => b.Use(s.GetRequiredService<GatewayGuard>().Use));
        });
    }

    /// <summary>Gives a client its token and its certificate.</summary>
    public static void AddCredentials(this IClientBuilder client, ClientCredentials credentials, TlsIdentity? identity)
    {
        if (credentials.Token is { } token)
        {
            client.AddOutgoingGrainCallFilter(new TokenFilter(token));
        }

        if (identity is not null)
        {
            client.Services.AddOptions<ClientConnectionOptions>().Configure<ILoggerFactory>((o, loggers) =>
                o.ConfigureConnection(b => b.Use(new TlsConnections(identity, null, loggers.CreateLogger<TlsConnections>()).ToSilo)));
        }
    }
}
