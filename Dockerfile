# One image with both programs: the silo, which it runs, and the client (dotnet /app/ddm.dll).
# With --build-arg TORCH_BACKEND=cuda it also computes on cards: some GB larger.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TORCH_BACKEND=cpu
WORKDIR /src
COPY . .
RUN dotnet publish Client -c Release -p:TorchBackend=$TORCH_BACKEND -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
RUN mkdir /ddm && chown $APP_UID /ddm
USER $APP_UID
WORKDIR /ddm
ENTRYPOINT ["dotnet", "/app/OrleansDDM.Silos.dll"]
