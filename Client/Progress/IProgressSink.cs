using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Progress;

/// <summary>Where progress goes. Called from one flow at a time.</summary>
public interface IProgressSink
{
    /// <summary>Says what is being done now.</summary>
    void Say(string message);

    /// <summary>Shows the state of the models at the start.</summary>
    void Begin(IReadOnlyList<ModelStatus> models);

    /// <summary>Shows an event of the run.</summary>
    void Show(RunEvent progress);
}
