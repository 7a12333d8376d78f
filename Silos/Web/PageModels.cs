using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Silos.Web;

/// <summary>What the page shows of the cluster.</summary>
/// <param name="Self">The silo that serves the page.</param>
/// <param name="Silos">The silos by name.</param>
/// <param name="Runs">The runs by name.</param>
/// <param name="MoreRuns">Runs that are left out, as there are too many.</param>
/// <param name="Events">What happened to silos, oldest first.</param>
/// <param name="UnderReplicated">Artifacts with too few copies, as each silo counted those that it answers for when it last looked.</param>
/// <param name="Problem">Why what is shown may be old; null = it is not.</param>
internal sealed record ClusterPage(string Self, SiloCard[] Silos, RunCard[] Runs, int MoreRuns, SiloEvent[] Events, int UnderReplicated, string? Problem);

/// <summary>A silo.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Address and port for other silos.</param>
/// <param name="Status">Active, dead, ... in lower case.</param>
/// <param name="Slots">Its slots; null = it does not answer.</param>
internal sealed record SiloCard(string Name, string Address, string Status, SlotStatus[]? Slots)
{
    /// <summary>Its devices in words; null = not known.</summary>
    public string? Device { get; init; }

    /// <summary>The artifacts that it holds; null = not known.</summary>
    public ArtifactHostStatus? Artifacts { get; init; }
}

/// <summary>A run in the list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Phase">Its phase in lower case; <c>unreachable</c> where its grain does not answer, <c>unreadable</c> where its state cannot be read.</param>
/// <param name="Step">Steps of all models that are done.</param>
/// <param name="Steps">Steps of all models; 0 = not known yet.</param>
/// <param name="Data">Its data set.</param>
/// <param name="Experts">Its number of experts.</param>
internal sealed record RunCard(string Name, string Phase, long Step, long Steps, string Data, int Experts);

/// <summary>A silo's status changed.</summary>
/// <param name="Time">When this silo saw it, UTC.</param>
/// <param name="Silo">Which silo.</param>
/// <param name="Status">What it is now, in lower case.</param>
internal sealed record SiloEvent(DateTimeOffset Time, string Silo, string Status);

/// <summary>One run in full.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Phase">Its phase in lower case; <c>unreadable</c> where its state cannot be read.</param>
/// <param name="Message">Why it faulted, or cannot be read.</param>
/// <param name="Waiting">What it waits for; null = nothing.</param>
/// <param name="Data">Its data in words.</param>
/// <param name="Priors">The share of each cluster; empty before the data is prepared.</param>
/// <param name="Models">The experts in order, then the router.</param>
/// <param name="Artifacts">Checkpoints and weights.</param>
/// <param name="Samples">Names the newest grid of samples, so that another one has another name; null = there is none.</param>
/// <param name="CanDraw">Whether samples can be drawn.</param>
internal sealed record RunPage(
    string Name, string Phase, string? Message, string? Waiting, string Data, double[] Priors, ModelRow[] Models, ArtifactRow[] Artifacts, string? Samples, bool CanDraw);

/// <summary>One model of a run.</summary>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="Phase">Its phase in lower case.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all; 0 = not known yet.</param>
/// <param name="Loss">Mean training loss of the last slice.</param>
/// <param name="ValidationLoss">Newest validation loss.</param>
/// <param name="ImagesPerSecond">Speed of the last slice.</param>
/// <param name="Place">Silo and slot on which it trains; null = on none.</param>
/// <param name="Waiting">What it waits for; null = nothing.</param>
internal sealed record ModelRow(
    string Role, string Phase, int Step, int Steps, double? Loss, double? ValidationLoss, double? ImagesPerSecond, string? Place, string? Waiting);

/// <summary>One artifact of a run.</summary>
/// <param name="Role">Whose.</param>
/// <param name="Kind"><c>checkpoint</c>, <c>best</c>, both of it, or <c>weights</c>.</param>
/// <param name="Step">Step of a checkpoint.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its name.</param>
/// <param name="Holders">The silos that hold it; null = not known.</param>
internal sealed record ArtifactRow(string Role, string Kind, int? Step, long Bytes, string Sha256, string[]? Holders);
