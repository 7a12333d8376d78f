using System.Collections.Concurrent;
using System.Reflection;

using Orleans.Runtime;

using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>What callers from outside may do with a method.</summary>
/// <param name="Roles">Who may call it; none = silos only.</param>
/// <param name="Mutates">Whether calls of it are audited.</param>
/// <param name="Transfers">Whether calls of it count as transfers.</param>
internal sealed record AccessRule(Roles Roles, bool Mutates = false, bool Transfers = false)
{
    /// <summary>For silos only: every method that nobody opened.</summary>
    public static readonly AccessRule SilosOnly = new(Roles.None);

    /// <summary>What any client needs to follow a stream or give up a call that it was let in for.</summary>
    private static readonly AccessRule Plumbing = new(Roles.Everyone);

    /// <summary>Orleans' own control of the cluster.</summary>
    private static readonly AccessRule Management = new(Roles.Admin, Mutates: true);

    private static readonly ConcurrentDictionary<MethodInfo, AccessRule> Known = new();

    /// <summary>The rule of an interface's method.</summary>
    public static AccessRule Of(MethodInfo method) =>
        Known.GetOrAdd(method.IsGenericMethod ? method.GetGenericMethodDefinition() : method, static m => Find(m));

    /// <summary>Whether the method begins a stream: its argument is the call that counts.</summary>
    public static bool BeginsStream(MethodInfo method) =>
        method.DeclaringType == typeof(IAsyncEnumerableGrainExtension) && method.Name == nameof(IAsyncEnumerableGrainExtension.StartEnumeration);

    /// <summary>Whether the method gives up a call; its first argument is that call's sender.</summary>
    public static bool GivesUpCall(MethodInfo method) => method.DeclaringType?.FullName == "Orleans.Runtime.IGrainCallCancellationExtension";

    private static AccessRule Find(MethodInfo method)
    {
        if (method.GetCustomAttribute<AllowAttribute>() is { } mark)
        {
            return new AccessRule(mark.Roles, mark.Mutates, mark.Transfers);
        }

        Type? type = method.DeclaringType;
        if (type == typeof(IManagementGrain))
        {
            return Management;
        }

        bool followsStream = type == typeof(IAsyncEnumerableGrainExtension) && !BeginsStream(method);
        return followsStream || GivesUpCall(method) || type?.FullName == "Orleans.Runtime.ICancellationSourcesExtension" ? Plumbing : SilosOnly;
    }
}
