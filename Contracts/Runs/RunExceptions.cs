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
/// <param name="subject">What was refused.</param>
/// <param name="term">The term that it carries.</param>
/// <param name="current">The highest term seen.</param>
[GenerateSerializer]
[Alias(Aliases.StaleTermException)]
public sealed class StaleTermException(string subject, long term, long current) : Exception(
    $"{subject} carries term {term}, but term {current} has been seen: a newer activation is at work.")
{
    /// <summary>The highest term that was seen.</summary>
    [Id(0)]
    public long Current { get; private set; } = current;
}

/// <summary>A stored state is of a newer version of the software.</summary>
/// <param name="subject">Whose state it is.</param>
/// <param name="stored">Version of the state.</param>
/// <param name="known">Newest version that this silo reads.</param>
[GenerateSerializer]
[Alias(Aliases.StateVersionException)]
public sealed class StateVersionException(string subject, int stored, int known) : Exception(
    $"The stored state of {subject} has version {stored}, but this silo reads versions up to {known}: a newer release wrote it. Update this silo to that release, or restore the backup from before the update.");

/// <summary>What happened to a run could not be stored.</summary>
/// <param name="name">The run.</param>
/// <param name="reason">What the database says.</param>
[GenerateSerializer]
[Alias(Aliases.RunNotStoredException)]
public sealed class RunNotStoredException(string name, string reason) : Exception(
    $"Run '{name}' has stopped training, but that could not be stored: {reason} The silo goes on trying; bring the database back and stop the run again to be sure.");

/// <summary>A silo has not the data that a run trains on.</summary>
/// <param name="reason">A sentence that names the data and the silo.</param>
[GenerateSerializer]
[Alias(Aliases.DataUnavailableException)]
public sealed class DataUnavailableException(string reason) : Exception(reason)
{
    /// <summary>Whether there is no such data, as opposed to data that is damaged or other than before.</summary>
    [Id(0)]
    public bool IsMissing { get; init; }
}

/// <summary>A message is too large for the connection that all calls between two silos share; it was refused before it was sent.</summary>
/// <param name="method">The call.</param>
/// <param name="bytes">Size of the message.</param>
/// <param name="limit">The most that one message may have.</param>
[GenerateSerializer]
[Alias(Aliases.MessageTooLargeException)]
public sealed class MessageTooLargeException(string method, long bytes, long limit) : Exception(
    $"A message of {method} has {bytes} bytes; the most is {limit}. Ask for less at a time.");

/// <summary>A request that breaks a rule; the message names the key and the rule.</summary>
[GenerateSerializer]
[Alias(Aliases.BadRequestException)]
public sealed class BadRequestException(string message) : Exception(message);

/// <summary>Bytes that an artifact reference names are missing or corrupt, or cannot be stored.</summary>
[GenerateSerializer]
[Alias(Aliases.ArtifactException)]
public sealed class ArtifactException(string message) : Exception(message)
{
    /// <summary>Whether the silo could not store it, e.g. because its disk is full: another silo may.</summary>
    [Id(0)]
    public bool IsUnwritable { get; init; }
}
