namespace OrleansDDM.Contracts.Runs;

/// <summary>The name belongs to a run with a different spec.</summary>
[GenerateSerializer]
[Alias(Aliases.RunConflictException)]
public sealed class RunConflictException(string name, string hash) : Exception(
    $"Run '{name}' exists with a different spec (hash {(hash.Length > 12 ? hash[..12] : hash)}). Choose another name, or give it up with --force.");

/// <summary>Nothing was submitted under this name.</summary>
[GenerateSerializer]
[Alias(Aliases.RunNotFoundException)]
public sealed class RunNotFoundException(string name) : Exception($"There is no run '{name}'. Submit it first.");

/// <summary>The run has no trained ensemble yet.</summary>
[GenerateSerializer]
[Alias(Aliases.RunNotReadyException)]
public sealed class RunNotReadyException(string name, RunPhase phase) : Exception(
    $"Run '{name}' cannot be sampled: it is {phase.ToString().ToLowerInvariant()}, not ready. Wait for it, or resume it.");

/// <summary>An effect of an activation that has been superseded.</summary>
[GenerateSerializer]
[Alias(Aliases.StaleTermException)]
public sealed class StaleTermException(string subject, long term, long current) : Exception(
    $"{subject} carries term {term}, but term {current} has been seen: a newer activation is at work.");

/// <summary>A request that breaks a rule; the message names the key and the rule.</summary>
[GenerateSerializer]
[Alias(Aliases.BadRequestException)]
public sealed class BadRequestException(string message) : Exception(message);

/// <summary>Bytes that an artifact reference names are missing or corrupt.</summary>
[GenerateSerializer]
[Alias(Aliases.ArtifactException)]
public sealed class ArtifactException(string message) : Exception(message);
