namespace OrleansDDM.Contracts.Runs;

/// <summary>The run is at work, and what was asked for needs it to be stopped.</summary>
[GenerateSerializer]
[Alias(Aliases.RunActiveException)]
public sealed class RunActiveException(string name, RunPhase phase) : Exception(
    $"Run '{name}' is {phase.ToString().ToLowerInvariant()}. Stop it first, or remove it with --force.");
