using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Chaos;

/// <summary>What a fault does to a cluster.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Run">The run as it was right before.</param>
/// <param name="Random">What the fault chooses by.</param>
internal sealed record Scene(ChaosCluster Cluster, RunStatus Run, Random Random)
{
    /// <summary>The silo of a model of the run.</summary>
    public string SiloOf(string role) => Run.Models.Single(m => m.Role == role).Silo!;

    /// <summary>The silo of some expert.</summary>
    public string SiloOfSomeExpert() => SiloOf("expert-" + Random.Next(Run.Models.Length - 1));
}

/// <summary>A fault that has begun.</summary>
/// <param name="Victims">The silos that it strikes.</param>
/// <param name="Healed">Completes when whatever failed works again, as far as the fault itself mends it.</param>
internal sealed record Harm(IReadOnlyList<string> Victims, Task Healed)
{
    /// <summary>Nothing heals by itself: the silos are started again by their manager.</summary>
    public static Harm To(params IReadOnlyList<string> victims) => new(victims, Task.CompletedTask);
}
