using OrleansDDM.Contracts.Devices;
using OrleansDDM.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

public sealed class PlacesTests
{
    [Fact]
    public void Models_of_this_run_are_placed_and_all_else_on_the_slots_is_left_alone()
    {
        SiloCard[] silos =
        [
            new("a", "", "active", [new SlotStatus(0, 1, ["model/r/expert-0", "peer/r/expert-1/0/host"], 0), new SlotStatus(1, 0, ["model/r2/expert-1", "other"], 0)]),
            new("b", "", "active", [new SlotStatus(0, 1, ["model/r/router"], 0)]),
            new("c", "", "dead", null),
        ];
        Assert.Equal([("expert-0", "a, slot 0"), ("router", "b, slot 0")], RunView.Places("r", silos).Select(p => (p.Key, p.Value)).Order());
    }
}
