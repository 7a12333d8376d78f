namespace OrleansDDM.Tests.Client;

/// <summary>Command lines of runs that are as small as they can be.</summary>
internal static class TinyRun
{
    private static readonly string[] Settings =
    [
        "data.shapesCount=200", "data.shapesSize=8",
        "model.kind=dit", "model.patch=4", "model.width=16", "model.heads=2", "model.depth=1",
        "router.model.kind=dit", "router.model.patch=4", "router.model.width=16", "router.model.heads=2", "router.model.depth=1",
        "router.batch=16", "experts.count=2", "clustering.fineCentroids=8", "clustering.dimensions=4",
        "training.steps=40", "training.batch=16", "training.validations=2",
        "sampling.steps=4", "evaluation.samples=16", "evaluation.lossImages=16",
    ];

    /// <summary>A run of a second or two.</summary>
    public static IEnumerable<string> Short(params IEnumerable<string> more) => Train(["evaluation.rules=full,top-1", .. more]);

    /// <summary>A run that trains for some seconds and writes checkpoints all the time.</summary>
    public static IEnumerable<string> Long(params IEnumerable<string> more) =>
        Train(["evaluation.rules=full,top-1", "training.steps=5000", "training.checkpointSeconds=0.2", .. more]);

    /// <summary>A command line of this class for a cluster, whose silos have the slots.</summary>
    public static IEnumerable<string> On(string cluster, IEnumerable<string> line) => [.. line.Where(a => a is not ("--slots" or "1")), "--cluster", cluster];

    private static IEnumerable<string> Train(IEnumerable<string> more) =>
        ["train", "--data", "shapes", "--slots", "1", .. Settings.Concat(more).SelectMany(s => (string[])["--set", s])];
}
