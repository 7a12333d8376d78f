using OrleansDDM.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

public sealed class DataNameTests
{
    [Theory]
    [InlineData("fashion-mnist", "fashion-mnist")]
    [InlineData("/home/ann/my set", "my set")]
    [InlineData("/home/ann/my set/", "my set")]
    public void Path_is_shown_by_its_last_part(string name, string shown) => Assert.Equal(shown, DataName.Shown(name));
}
