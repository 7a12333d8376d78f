using Orleans.Placement;
using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.State;

namespace OrleansDDM.Grains;

/// <summary>
/// One expert in training, in isolation from the others. It moves through a checkpoint only, when told to. Recovery: see <see cref="ModelGrain"/>. Key format: <c>model/NAME/expert-N</c>.
/// </summary>
[Immovable]
[DeviceFilter]
[DevicePlacement]
internal sealed class ExpertGrain(
    [PersistentState("expert", StorageNames.Provider)] IPersistentState<ModelState> state, ModelServices services)
    : ModelGrain(state, services), IExpertGrain;
