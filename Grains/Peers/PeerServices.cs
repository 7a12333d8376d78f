using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Solves;

namespace OrleansDDM.Grains.Peers;

/// <summary>What the grains of islands and peers need from their silo.</summary>
internal sealed record PeerServices(
    PeerWorkshop Workshop,
    ConvexWorkshop Convex,
    ModelShelf Shelf,
    PeerFiles Files,
    PeerHosts Hosts,
    TransferRates Rates,
    SlotPool Slots,
    HostImagery Imagery,
    TimeProvider Clock,
    IOptions<RunOptions> Options,
    ILoggerFactory Loggers);
