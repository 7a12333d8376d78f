using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Progress;

/// <summary>Shows nothing.</summary>
internal sealed class NoProgress : IProgressSink
{
    /// <inheritdoc/>
    public void Say(string message)
    {
    }

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<ModelStatus> models)
    {
    }

    /// <inheritdoc/>
    public void Show(RunEvent progress)
    {
    }
}
