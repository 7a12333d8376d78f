using System.Collections.Immutable;
using System.Net;

using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

public sealed class DeviceFilterTests
{
    private static readonly SiloAddress Cpu = Address(1), Card = Address(2), Unknown = Address(3);

    [Theory]
    [InlineData("cuda", 4, "card")]
    [InlineData("cuda", 32, "")]
    [InlineData("cpu", 0, "cpu")]
    [InlineData("any", 0, "cpu card unknown")]
    public void Only_silos_whose_devices_meet_the_callers_needs_are_left(string device, double gibibytes, string left)
    {
        var spec = new RunSpec { Training = new TrainingSpec { Device = device, DeviceMemory = gibibytes } };
        DeviceNeeds.Of(spec, (long)(gibibytes * (1L << 30))).Hint();
        Dictionary<string, object> context = RequestContext.Entries.ToDictionary(e => e.Key, e => e.Value);
        RequestContext.Clear();
        Assert.Equal(left, Names(Filter(context)));
    }

    [Fact]
    public void Who_tells_no_needs_may_have_the_model_anywhere() => Assert.Equal("cpu card unknown", Names(Filter([])));

    private static IEnumerable<SiloAddress> Filter(Dictionary<string, object> context) => new DeviceFilterDirector(new Metadata())
        .Filter(new DeviceFilter(), new PlacementTarget(GrainId.Create("expert", "model/r/expert-0"), context, default, 0), [Cpu, Card, Unknown]);

    private static string Names(IEnumerable<SiloAddress> silos) => string.Join(' ', silos.Select(s => s.Equals(Cpu) ? "cpu" : s.Equals(Card) ? "card" : "unknown"));

    private static SiloAddress Address(int port) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), 1);

    private sealed class Metadata : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
        {
            var metadata = new SiloMetadata();
            DeviceFacts? facts = siloAddress.Equals(Cpu) ? DeviceCluster.Cpu() : siloAddress.Equals(Card) ? DeviceCluster.Card() : null;
            if (facts is not null)
            {
                // Orleans fills it itself and has no other way in.
                typeof(SiloMetadata).GetProperty(nameof(SiloMetadata.Metadata))!.SetValue(metadata, DeviceMetadata.Of(facts).ToImmutableDictionary());
            }

            return metadata;
        }
    }
}
