using System.Reflection;

using Orleans;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security.Access;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Every method of every grain interface, and who may call it from outside.</summary>
public sealed class AccessRulesTests
{
    private const Roles Lookers = Roles.Observer | Roles.Peer | Roles.Submitter | Roles.Admin;
    private const Roles Submitters = Roles.Submitter | Roles.Admin;

    /// <summary>All that is open. What is not here serves silos only.</summary>
    private static readonly Dictionary<string, (Roles Roles, bool Mutates)> Open = new()
    {
        ["IRunGrain.SubmitAsync"] = (Submitters, true),
        ["IRunGrain.ResumeAsync"] = (Submitters, true),
        ["IRunGrain.StopAsync"] = (Submitters, true),
        ["IRunGrain.RemoveAsync"] = (Submitters, true),
        ["IClusterGrain.DrainAsync"] = (Roles.Admin, true),
        ["IClusterGrain.RebalanceAsync"] = (Roles.Admin, true),
        ["IClusterGrain.GetDevicesAsync"] = (Lookers, false),
        ["IArtifactsGrain.ReadAsync"] = (Roles.Peer | Submitters, false),
        ["IHostPlanGrain.GetAsync"] = (Roles.Peer | Submitters, false),
        ["IArtifactsGrain.VerifyAsync"] = (Submitters, true),
        ["IArtifactsGrain.CountAsync"] = (Lookers, false),
        ["IArtifactsGrain.GetStatusAsync"] = (Lookers, false),
        ["IRunGrain.GetStatusAsync"] = (Lookers, false),
        ["IRunGrain.GetMetricsAsync"] = (Lookers, false),
        ["IRunGrain.WatchAsync"] = (Lookers, false),
        ["ISamplerGrain.SampleAsync"] = (Submitters, false),
        ["ISamplerGrain.IsDrawingAsync"] = (Submitters, false),
        ["ISolveGrain.SubmitAsync"] = (Submitters, true),
        ["ISolveGrain.StopAsync"] = (Submitters, true),
        ["ISolveGrain.RemoveAsync"] = (Submitters, true),
        ["ISolveGrain.GetStatusAsync"] = (Lookers, false),
        ["ISolveGrain.GetSolutionAsync"] = (Lookers, false),
    };

    private static IEnumerable<MethodInfo> Methods => new[] { typeof(Aliases).Assembly, typeof(OrleansDDM.Grains.RunOptions).Assembly, typeof(AccessRule).Assembly }
        .SelectMany(a => a.GetTypes())
        .Where(t => t.IsInterface && typeof(IAddressable).IsAssignableFrom(t))
        .SelectMany(t => t.GetMethods());

    [Fact]
    public void Methods_are_open_to_exactly_the_roles_of_the_list() => Assert.Equal(
        Open.Select(o => $"{o.Key}: {o.Value.Roles}, {o.Value.Mutates}").Order(StringComparer.Ordinal),
        Methods.Select(m => (Name: $"{m.DeclaringType!.Name}.{m.Name}", Rule: AccessRule.Of(m))).Where(m => m.Rule.Roles != Roles.None)
            .Select(m => $"{m.Name}: {m.Rule.Roles}, {m.Rule.Mutates}").Order(StringComparer.Ordinal));

    [Fact]
    public void Every_method_says_whom_it_serves() => Assert.Empty(Methods
        .Where(m => !m.IsDefined(typeof(AllowAttribute)) && !m.IsDefined(typeof(SilosOnlyAttribute)) && !m.DeclaringType!.IsDefined(typeof(SilosOnlyAttribute)))
        .Select(m => $"{m.DeclaringType!.Name}.{m.Name} has neither [Allow] nor [SilosOnly]"));

    [Fact]
    public void No_method_is_marked_both_ways() => Assert.DoesNotContain(
        Methods, m => m.IsDefined(typeof(AllowAttribute)) && (m.IsDefined(typeof(SilosOnlyAttribute)) || m.DeclaringType!.IsDefined(typeof(SilosOnlyAttribute))));

    [Fact]
    public void Unmarked_method_is_closed_to_all() => Assert.Equal(Roles.None, AccessRule.Of(typeof(IForgotten).GetMethods()[0]).Roles);

    [Fact]
    public void Orleans_own_interfaces_are_closed_but_for_streams_cancellation_and_management_by_admins()
    {
        string[] open = [.. AppDomain.CurrentDomain.GetAssemblies().Where(a => a.GetName().Name!.StartsWith("Orleans.", StringComparison.Ordinal))
            .SelectMany(a => a.GetTypes()).Where(t => t.IsInterface && typeof(IAddressable).IsAssignableFrom(t))
            .SelectMany(t => t.GetMethods()).Where(m => AccessRule.Of(m).Roles != Roles.None)
            .Select(m => $"{m.DeclaringType!.Name}.{m.Name}").Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            ["IAsyncEnumerableGrainExtension.DisposeAsync", "IAsyncEnumerableGrainExtension.MoveNext", "ICancellationSourcesExtension.CancelRemoteToken", "IGrainCallCancellationExtension.CancelRequestAsync"],
            open.Where(o => !o.StartsWith("IManagementGrain.", StringComparison.Ordinal)));
        Assert.All(typeof(IManagementGrain).GetMethods(), m => Assert.Equal(new AccessRule(Roles.Admin, Mutates: true), AccessRule.Of(m)));
    }

    private interface IForgotten
    {
        Task DoAsync(CancellationToken cancellation = default);
    }
}
