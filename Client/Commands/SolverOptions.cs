using System.CommandLine;

using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary>Options of verbs that draw samples: the run's solver, for this time.</summary>
internal static class SolverOptions
{
    /// <summary><c>--steps</c>.</summary>
    public static Option<int?> Steps { get; } = new("--steps") { Description = "Solver steps; the spec's by default.", HelpName = "N" };

    /// <summary><c>--scheduler</c>.</summary>
    public static Option<string?> Scheduler { get; } = new("--scheduler") { Description = "euler, heun, ddim or dpmpp-2m; the spec's by default.", HelpName = "NAME" };

    /// <summary>The spec's sampling with the options laid over it; not validated.</summary>
    public static SamplingSpec Read(ParseResult parsed, SamplingSpec sampling) => sampling with
    {
        Steps = parsed.GetValue(Steps) ?? sampling.Steps,
        Scheduler = parsed.GetValue(Scheduler) ?? sampling.Scheduler,
    };
}
