using System.Reflection;

using Orleans;
using Orleans.Services;

using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>
/// The Orleans dashboard shows the state of a grain by calling each of its methods that takes nothing: one that returns much, or does much, would do so
/// for whoever looks. A cancellation token is enough to be left alone.
/// </summary>
public sealed class GrainMethodTests
{
    public static TheoryData<string> Interfaces => [.. All().Select(t => t.FullName!)];

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void No_grain_method_takes_nothing(string name)
    {
        Type type = All().Single(t => t.FullName == name);
        Assert.DoesNotContain(new[] { type }.Concat(type.GetInterfaces()).SelectMany(i => i.GetMethods()), m => m.GetParameters().Length == 0);
    }

    [Fact]
    public void Grain_interfaces_are_found() => Assert.Contains(typeof(IRunGrain), All());

    private static IEnumerable<Type> All() => new[] { typeof(IRunGrain).Assembly, Assembly.Load("OrleansDDM.Grains"), Assembly.Load("OrleansDDM.Silos") }
        .SelectMany(a => a.GetTypes())
        .Where(t => t.IsInterface && (typeof(IGrain).IsAssignableFrom(t) || typeof(IGrainService).IsAssignableFrom(t)));
}
