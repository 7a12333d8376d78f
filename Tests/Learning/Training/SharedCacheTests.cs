using OrleansDDM.Learning.Training;

using Xunit;

namespace OrleansDDM.Tests.Learning.Training;

public sealed class SharedCacheTests
{
    private readonly SharedCache<object> _cache = new(idle: 2);
    private readonly List<string> _loads = [];

    [Fact]
    public void Only_the_last_used_stay_that_nobody_holds()
    {
        object a = Get("a");
        Get("b");
        Assert.Same(a, Get("a"));
        Get("c");
        Assert.Equal(2, _cache.Count);
        Assert.Same(a, Get("a"));
        Get("b");
        Assert.Equal(["a", "b", "c", "b"], _loads);
    }

    [Fact]
    public void What_is_held_stays_until_it_is_let_go()
    {
        (object a, IDisposable hold) = _cache.Hold("a", () => Load("a"));
        (object again, IDisposable second) = _cache.Hold("a", () => Load("a"));
        Assert.Same(a, again);
        hold.Dispose();
        hold.Dispose();
        Get("b");
        Get("c");
        Get("d");
        Assert.Same(a, Get("a"));
        second.Dispose();
        Get("e");
        Get("f");
        Assert.Equal(2, _cache.Count);
        Get("a");
        Assert.Equal(["a", "b", "c", "d", "e", "f", "a"], _loads);
    }

    [Fact]
    public void Failed_load_is_tried_again()
    {
        Assert.Throws<IOException>(() => _cache.Get("a", () => throw new IOException()));
        Assert.Equal(0, _cache.Count);
        Get("a");
        Assert.Equal(1, _cache.Count);
    }

    private object Get(string key) => _cache.Get(key, () => Load(key));

    private object Load(string key)
    {
        _loads.Add(key);
        return new object();
    }
}
