using System.Reflection;

using Orleans.Runtime;
using Orleans.Serialization.Invocation;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>
/// Stands before every grain call on a silo. Calls of silos pass; calls of clients are let in by the <see cref="Gatekeeper"/>, on the silo that
/// has the grain. The token is taken off before the grain runs, so that it goes nowhere else. That the sender on a client's
/// message is a client is what the <see cref="Gateway.GatewayGuard"/> sees to.
/// </summary>
internal sealed class AccessFilter(Gatekeeper gatekeeper) : IIncomingGrainCallFilter
{
    /// <summary>Where the token is in the request context.</summary>
    public const string TokenKey = "ddm.token";

    /// <summary>The key of the client that a silo has in itself begins so.</summary>
    public const string HostedPrefix = "hosted-";

    /// <summary>Clients ask a gateway for the list of grain types before anything else; it is the same for all.</summary>
    internal const string Manifest = "Orleans.Runtime.IClusterManifestSystemTarget";

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.SourceId is not { } source || !IsOutside(source) || context.InterfaceMethod.DeclaringType?.FullName == Manifest)
        {
            await context.Invoke();
            return;
        }

        string? token = RequestContext.Get(TokenKey) as string;
        RequestContext.Remove(TokenKey);
        MethodInfo method = Judged(context.Request);
        AccessRule rule = AccessRule.Of(method);
        if (AccessRule.GivesUpCall(method) && !(context.Request.GetArgument(0) is GrainId cancelled && cancelled == source))
        {
            rule = AccessRule.SilosOnly; // Everybody gives up his own calls only.
        }

        using IDisposable? place = gatekeeper.Admit(token, rule, $"{method.DeclaringType!.Name}.{method.Name}", context.TargetId.ToString(), source.ToString());
        await context.Invoke();
    }

    /// <summary>Whether a message's sender is a client in another process.</summary>
    internal static bool IsOutside(GrainId source) =>
        source.Type.IsClient() && !source.Key.ToString()!.StartsWith(HostedPrefix, StringComparison.Ordinal);

    // A stream is begun by a call of Orleans that carries the call of ours.
    private static MethodInfo Judged(IInvokable request)
    {
        MethodInfo method = request.GetMethod();
        if (!AccessRule.BeginsStream(method))
        {
            return method;
        }

        return request.GetArgument(1) is IInvokable inner && !AccessRule.BeginsStream(inner.GetMethod())
            ? inner.GetMethod()
            : throw new AccessDeniedException("A stream begins with a call.");
    }
}
