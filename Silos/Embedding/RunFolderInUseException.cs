using System.Globalization;

namespace OrleansDDM.Silos.Embedding;

/// <summary>Another silo runs the folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="processId">Its process, where known.</param>
public sealed class RunFolderInUseException(string folder, int? processId) : Exception(
    $"'{folder}' is in use by {(processId is { } id ? "process " + id.ToString(CultureInfo.InvariantCulture) : "another process")}. "
    + "Attach to it with status, watch or stop, or choose another folder.")
{
    /// <summary>The process that has it, where known.</summary>
    public int? ProcessId { get; } = processId;
}
