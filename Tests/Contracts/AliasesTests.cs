using System.Reflection;

using Orleans;

using OrleansDDM.Contracts;

using Xunit;

namespace OrleansDDM.Tests.Contracts;

public sealed class AliasesTests
{
    private static readonly string[] Constants = [.. typeof(Aliases).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!)];

    private static readonly Type[] Types = [.. new[] { typeof(Aliases).Assembly, typeof(OrleansDDM.Grains.RunOptions).Assembly }
        .SelectMany(a => a.GetTypes())
        .Where(t => t.Namespace?.StartsWith("OrleansDDM.", StringComparison.Ordinal) == true)];

    [Fact]
    public void Aliases_are_unique_and_prefixed()
    {
        Assert.Equal(Constants.Length, Constants.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(Constants, a => Assert.Matches("^ddm\\.[a-z.-]+$", a));
    }

    [Fact]
    public void Every_message_state_and_grain_interface_has_an_alias_of_the_list()
    {
        Type[] covered = [.. Types.Where(t => t.IsDefined(typeof(GenerateSerializerAttribute), false) || IsGrainInterface(t))];
        Assert.NotEmpty(covered);
        string?[] used = [.. covered.Select(t => t.GetCustomAttribute<AliasAttribute>(false)?.Alias)];
        Assert.All(covered.Zip(used), c => Assert.True(c.Second is not null, $"{c.First.Name} has no alias"));
        string[] methods = [.. covered.Where(IsGrainInterface).SelectMany(t => t.GetMethods()).Select(m => Alias(m))];
        string[] all = [.. used.OfType<string>(), .. methods];
        Assert.Equal(Constants.Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_serialized_member_has_an_id()
    {
        foreach (Type type in Types.Where(t => t.IsDefined(typeof(GenerateSerializerAttribute), false) && !t.IsEnum && !typeof(Exception).IsAssignableFrom(t)))
        {
            Assert.All(
                type.GetProperties().Where(p => p.SetMethod is not null && p.DeclaringType == type),
                p => Assert.True(p.IsDefined(typeof(IdAttribute), false), $"{type.Name}.{p.Name} has no id"));
        }
    }

    [Fact]
    public void Cancellation_is_the_last_parameter_and_optional_in_every_grain_method()
    {
        foreach (MethodInfo method in Types.Where(IsGrainInterface).SelectMany(t => t.GetMethods()))
        {
            ParameterInfo last = method.GetParameters()[^1];
            Assert.True(last.ParameterType == typeof(CancellationToken) && last.HasDefaultValue, $"{method.DeclaringType!.Name}.{method.Name}");
        }
    }

    [Fact]
    public void Keys_read_back_and_are_not_hex()
    {
        Assert.Equal("run/beef", GrainKeys.Run("beef"));
        Assert.Equal("beef", GrainKeys.RunName(GrainKeys.Run("beef")));
        Assert.Equal(("beef", "expert-0"), GrainKeys.ModelName(GrainKeys.Model("beef", "expert-0")));
        Assert.Throws<FormatException>(() => GrainKeys.RunName("beef"));
        Assert.Throws<FormatException>(() => GrainKeys.ModelName("model/x"));
        Assert.Throws<ArgumentException>(() => GrainKeys.Run(string.Empty));
    }

    private static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type);

    private static string Alias(MethodInfo method) =>
        method.GetCustomAttribute<AliasAttribute>()?.Alias ?? $"{method.DeclaringType!.Name}.{method.Name} has no alias";
}
