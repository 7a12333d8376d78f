using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;

namespace OrleansDDM.Grains.Peers;

/// <summary>What the grains of islands and peers need from their silo.</summary>
internal sealed record PeerServices(
    PeerWorkshop Workshop, ModelShelf Shelf, PeerHosts Hosts, TransferRates Rates, SlotPool Slots, HostImagery Imagery, TimeProvider Clock, IOptions<RunOptions> Options, ILoggerFactory Loggers);
