using Orleans.Placement;
using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.State;

namespace OrleansDDM.Grains;

/// <summary>The router in training. Recovery: see <see cref="ModelGrain"/>. Key format: <c>model/NAME/router</c>.</summary>
[Immovable]
[DeviceFilter]
[DevicePlacement]
internal sealed class RouterGrain(
    [PersistentState("router", StorageNames.Provider)] IPersistentState<ModelState> state, ModelServices services)
    : ModelGrain(state, services), IRouterGrain;
