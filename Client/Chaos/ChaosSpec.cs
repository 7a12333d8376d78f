using System.Globalization;

using OrleansDDM.Specs;

namespace OrleansDDM.Client.Chaos;

/// <summary>The run that faults are injected into: small, so that all that takes time is the cluster itself.</summary>
internal static class ChaosSpec
{
    private static readonly string[] Settings =
    [
        "data.name=shapes", "data.shapesCount=200", "data.shapesSize=8", "experts.count=3", "clustering.fineCentroids=8", "clustering.dimensions=4",
        "model.kind=dit", "model.patch=4", "model.width=16", "model.heads=2", "model.depth=1",
        "router.model.kind=dit", "router.model.patch=4", "router.model.width=16", "router.model.heads=2", "router.model.depth=1",
        "router.batch=16", "router.stepShare=1", "training.batch=24", "training.validations=1", "training.checkpointSeconds=2", "training.device=cpu",
    ];

    /// <summary>
    /// A run of one expert that an island trains: a peer on each silo, more rounds than it will get to, and the same patience with a round whose holders
    /// have all died as in the simulated storm (<c>ddm simulate --scenario storm</c>).
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="peers">Peers.</param>
    /// <param name="seed">Seed of everything random in it.</param>
    public static RunSpec Island(string name, int peers, ulong seed) => SpecJson.Read(
        SpecJson.Write(Run(name, 1_000_000, seed)),
        [
            "experts.count=1", "training.device=any", "islands.protocol=modest", "islands.shards=iid", "islands.minSamples=1", "islands.localSteps=20", "islands.batch=24",
            "islands.options=stallSeconds=2",
            string.Create(CultureInfo.InvariantCulture, $"islands.peers={peers}"), string.Create(CultureInfo.InvariantCulture, $"islands.sampleSize={Math.Min(4, peers)}"),
        ]);

    /// <summary>A run of three experts and a router.</summary>
    /// <param name="name">Its name; the weights' values do not depend on it.</param>
    /// <param name="steps">Optimizer steps of each model.</param>
    /// <param name="seed">Seed of everything random in it.</param>
    public static RunSpec Run(string name, int steps, ulong seed) => SpecJson.Read(
        SpecJson.Write(new RunSpec { Name = name }),
        [.. Settings, string.Create(CultureInfo.InvariantCulture, $"training.steps={steps}"), string.Create(CultureInfo.InvariantCulture, $"seed={seed}")]);
}
