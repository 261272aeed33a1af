; The setup program: installs the built program for this user alone, without administrator rights.
;
; build.py runs makensis with VERSION, PROGRAM (the folder that PyInstaller made), LISTS, ICON,
; BANNER, OUT and TARGET; with QUICK for tests, with SIGN (a command that signs the file named last) to sign.
; LISTS holds delete.nsh: the uninstaller removes what was brought and nothing else, so that a folder
; that was chosen badly (/D=C:\Users\me) is not emptied.
;
; docs/windows.md describes the options of the command line and the exit codes.

Target ${TARGET}
Unicode true
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS all
!ifdef QUICK
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
!endif
SetDatablockOptimize on
CRCCheck force
Name "traymon"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\traymon"
BrandingText "traymon ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "traymon"
VIAddVersionKey "FileDescription" "traymon setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT licence"

!include MUI2.nsh
!include nsDialogs.nsh
!include LogicLib.nsh
!include Sections.nsh

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\traymon"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define MARKS "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define MENU_ENTRY "$SMPROGRAMS\traymon.lnk"
!define DATA "$LOCALAPPDATA\traymon\traymon"

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"'
  !finalize '${SIGN} "%1"'
!endif

Var IsUpgrade  ; 1: this user has traymon from a setup like this one
Var LoginOff  ; 1: start at login is not wanted any more
Var Env  ; the path of the trading project's .env, or "" for none

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${BANNER}"
!define MUI_COMPONENTSPAGE_NODESC
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartTraymon
!define MUI_FINISHPAGE_RUN_TEXT "Start traymon"
!insertmacro MUI_PAGE_COMPONENTS
Page custom AskForProject TakeProject
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_COMPONENTSPAGE_TEXT_TOP "This removes traymon. Your settings, history and logs are kept in ${DATA}, unless you tick them."
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!include options.nsh
!include other_program.nsh
!include running.nsh
!include path.nsh

Section "traymon"
  SectionIn RO
  SetShellVarContext current
  Call LookForOtherProgram
  ${If} $R8 == 1
    SetErrorLevel 2
    Abort "Another program is in $INSTDIR. Choose another folder (/D=FOLDER). Nothing was changed."
  ${EndIf}
  Call EndRunning
  ${If} ${FileExists} "$INSTDIR\uninstall.exe"  ; the previous version takes its own files away
    DetailPrint "Removing the files of the previous version"
    ExecWait '"$INSTDIR\uninstall.exe" /S /UPGRADE _?=$INSTDIR' $0
    ${If} $0 != 0
      SetErrorLevel 2
      Abort "The previous version could not be removed."
    ${EndIf}
  ${EndIf}
  ${If} $LoginOff == 1
    DeleteRegValue HKCU "${RUN}" "traymon"
    DeleteRegValue HKCU "${MARKS}" "traymon"
  ${EndIf}
  SetOutPath "$INSTDIR"
  SetOverwrite on
  File /r "${PROGRAM}/*.*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "traymon"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "traymon"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\traymon-tray.exe"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  SectionGetSize 0 $0  ; KB, measured when it was built
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
  ${If} $IsUpgrade == 0
  ${OrIf} $Env != ""
  ${OrIfNot} ${FileExists} "${MENU_ENTRY}"
    StrCpy $0 ""
    ${If} $Env != ""
      StrCpy $0 '--env "$Env"'
    ${EndIf}
    SetOutPath "$PROFILE"  ; in which it then starts: in its own folder it would stand in the way
    CreateShortCut "${MENU_ENTRY}" "$INSTDIR\traymon-tray.exe" '$0' "$INSTDIR\traymon-tray.exe" 0 SW_SHOWNORMAL "" "Monitors the API of TWS / IB Gateway"
  ${EndIf}
SectionEnd

Section "Add the command traymon to your PATH" SEC_PATH
  StrCpy $0 1
  Call ChangePath
  ${If} $R1 <> 0
    MessageBox MB_OK|MB_ICONEXCLAMATION "traymon is installed, but your PATH could not be changed (error $R1). Add this folder to it by hand:$\r$\n$\r$\n$INSTDIR" /SD IDOK
    SetErrorLevel 3
  ${EndIf}
SectionEnd

Section /o "Start at login" SEC_LOGIN
  StrCpy $0 '"$INSTDIR\traymon.exe" autostart on'  ; one place knows how the entry looks
  ${If} $Env != ""
    StrCpy $0 '$0 --env "$Env"'
  ${EndIf}
  nsExec::ExecToStack $0
  Pop $1  ; its exit code
  Pop $2  ; what it said
  DetailPrint "$2"
  ${If} $1 != 0
    MessageBox MB_OK|MB_ICONEXCLAMATION "traymon is installed, but start at login is not on:$\r$\n$\r$\n$2" /SD IDOK
    SetErrorLevel 3
  ${EndIf}
SectionEnd

!include project.nsh

Function StartTraymon
  ExecShell "" "${MENU_ENTRY}"
FunctionEnd

Function .onInstSuccess
  ${If} ${Silent}
  ${AndIf} $WasRunning == 1
    Call StartTraymon  ; with a window, the last page asks
  ${EndIf}
FunctionEnd

Function .onInit
  StrCpy $IsUpgrade 0
  ReadRegStr $0 HKCU "${UNINSTALL}" "InstallLocation"
  ${If} $0 != ""
    StrCpy $IsUpgrade 1
    ${If} $INSTDIR == "$LOCALAPPDATA\Programs\traymon"  ; no other folder was asked for
      StrCpy $INSTDIR $0  ; where it is, it stays
    ${EndIf}
  ${EndIf}
  !insertmacro READ_OPTION "" "/NOPATH"
  ${If} $R1 == 1
    !insertmacro UnselectSection ${SEC_PATH}
  ${EndIf}
  !insertmacro READ_OPTION "" "/ENV="
  ${If} $R2 != ""
    GetFullPathName $Env "$R2"
    ${IfNot} ${FileExists} "$Env"
    ${OrIf} ${FileExists} "$Env\*.*"
      MessageBox MB_OK|MB_ICONSTOP "There is no such file: $R2" /SD IDOK
      SetErrorLevel 2
      Quit
    ${EndIf}
  ${EndIf}
  ReadRegStr $3 HKCU "${RUN}" "traymon"
  ${If} $3 != ""  ; an upgrade leaves the entry and its options as they are, and does not ask
    SectionSetText ${SEC_LOGIN} ""
  ${EndIf}
  !insertmacro READ_OPTION "" "/AUTOSTART="
  ${If} $R1 == 1
    ${If} $R2 == 1
      !insertmacro SelectSection ${SEC_LOGIN}
    ${Else}
      !insertmacro UnselectSection ${SEC_LOGIN}
      StrCpy $LoginOff 1
    ${EndIf}
  ${EndIf}
FunctionEnd

Section "un.traymon"
  SectionIn RO
  SetShellVarContext current
  Call un.EndRunning
  !include "${LISTS}/delete.nsh"
  Delete "$INSTDIR\uninstall.exe"
  !insertmacro READ_OPTION "un." "/UPGRADE"
  ${If} $R1 == 0
    Delete "${MENU_ENTRY}"
    StrCpy $0 0
    Call un.ChangePath
    ${If} $R1 <> 0
      DetailPrint "Your PATH could not be changed (error $R1). Remove this folder from it by hand: $INSTDIR"
    ${EndIf}
    ReadRegStr $2 HKCU "${RUN}" "traymon"
    StrLen $3 '"$INSTDIR\'
    StrCpy $2 $2 $3
    ${If} $2 == '"$INSTDIR\'  ; another installation keeps its own
      DeleteRegValue HKCU "${RUN}" "traymon"
      DeleteRegValue HKCU "${MARKS}" "traymon"
    ${EndIf}
    DeleteRegKey HKCU "${UNINSTALL}"
    RMDir "$INSTDIR"  ; only where nothing else lies in it
    DetailPrint "Kept, unless you chose to remove them: your settings, history and logs in ${DATA}"
  ${EndIf}
  ClearErrors
SectionEnd

Section /o "un.Settings, history and logs" SEC_DATA
  RMDir /r "${DATA}"
  RMDir "$LOCALAPPDATA\traymon"  ; install.py's environment may lie there too
SectionEnd

Function un.onInit
  !insertmacro READ_OPTION "un." "/PURGE"
  ${If} $R1 == 1
    !insertmacro SelectSection ${SEC_DATA}
  ${EndIf}
FunctionEnd
