using System.CommandLine;

namespace OrleansDDM.Client;

/// <summary>Options that several verbs share.</summary>
public static class CommonOptions
{
    /// <summary><c>--format</c>.</summary>
    public static Option<OutputFormat> Format { get; } = new("--format")
    {
        Description = "How to write the result to stdout.",
        HelpName = "table|json",
        DefaultValueFactory = _ => OutputFormat.Table,
    };

    /// <summary><c>--run</c>: the folder of a run.</summary>
    public static Option<string> Run { get; } = new("--run") { Description = "Folder of the run, e.g. runs/demo; with --cluster, its name.", HelpName = "DIR|NAME", Required = true };

    /// <summary><c>--runs</c>: the folder that holds run folders.</summary>
    public static Option<string> Runs { get; } = new("--runs")
    {
        Description = "Folder that holds the run folders.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "runs",
    };

    /// <summary><c>--out</c>: the run folder to write.</summary>
    public static Option<string?> Out { get; } = new("--out") { Description = "Folder for what is written; below runs/, by the name, by default.", HelpName = "DIR" };

    /// <summary><c>--data-root</c>.</summary>
    public static Option<string[]> DataRoot { get; } = new("--data-root")
    {
        Description = "Folder in which data sets are looked for before DDM_DATA and the system's folders; may be given several times.",
        HelpName = "DIR",
        DefaultValueFactory = _ => [],
    };

    /// <summary><c>--set</c>.</summary>
    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "Override one key of the spec, e.g. --set training.steps=500; may be given several times.",
        HelpName = "KEY=VALUE",
        DefaultValueFactory = _ => [],
    };

    /// <summary><c>--seed</c>.</summary>
    public static Option<ulong?> Seed { get; } = new("--seed") { Description = "Seed of everything random.", HelpName = "N" };

    /// <summary><c>--force</c>.</summary>
    public static Option<bool> Force { get; } = new("--force") { Description = "Replace a run of the same name that has a different spec." };

    /// <summary><c>--cluster</c>.</summary>
    public static Option<string?> Cluster { get; } = new("--cluster")
    {
        Description = $"PostgreSQL connection string that names a cluster, also by {ClusterVariable}; without it the work is done here, or by the run's own silo. Leave the password to PGPASSFILE.",
        HelpName = "CONNECTION",
        DefaultValueFactory = _ => ClusterOfEnvironment,
    };

    /// <summary><c>--token</c>: may stand behind any verb.</summary>
    public static Option<string?> Token { get; } = new("--token")
    {
        Description = "File with the token to show to a cluster; DDM__Auth__Token otherwise (the token, or its file).",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>The environment variable that names the cluster where <c>--cluster</c> does not.</summary>
    internal const string ClusterVariable = "DDM__Cluster__Connection";

    /// <summary>The cluster that the environment names; null = none.</summary>
    internal static string? ClusterOfEnvironment => Environment.GetEnvironmentVariable(ClusterVariable) is { Length: > 0 } text ? text : null;

    /// <summary><c>--slots</c>.</summary>
    public static Option<int?> Slots { get; } = new("--slots")
    {
        Description = "Models in training at the same time, one thread each; the number of cores, or of CUDA cards, by default.",
        HelpName = "N",
    };

    /// <summary><c>--web</c>.</summary>
    public static Option<bool> Web { get; } = new("--web") { Description = "Serve a page with the run's progress to this machine while it lasts; its address goes to stderr." };

    /// <summary><c>--progress</c>.</summary>
    public static Option<ProgressMode> Progress { get; } = new("--progress")
    {
        HelpName = "auto|plain|none",
        Description = "Progress on stderr: live bars, plain lines, or none; auto = bars when a terminal shows them.",
        DefaultValueFactory = _ => ProgressMode.Auto,
    };

    /// <summary>Refuses options that mean nothing on a cluster, rather than to pass over them.</summary>
    /// <exception cref="CliException">One of them is given.</exception>
    internal static void RefuseWithCluster(ParseResult parsed, params Option[] options)
    {
        foreach (Option option in options.Where(o => parsed.GetResult(o) is { Implicit: false }))
        {
            throw new CliException(
                ExitCode.BadConfiguration, $"{option.Name} has no meaning with --cluster: data, slots and files are settings of the cluster's silos. Leave it out.");
        }
    }
}
